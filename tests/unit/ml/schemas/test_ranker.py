import numpy as np
import pandas as pd
import pytest
from pandera.errors import SchemaError

from ml.ranker_params import RankerParams
from ml.ranker_trees import ranker_tables
from ml.ranking import fit_ranker
from ml.schemas.ranker import (
    RankerEncodings,
    RankerExplanations,
    RankerImportances,
    RankerMetrics,
    Rankers,
    RankerTrees,
)
from tests.unit.ml.schemas.broken_rows import broken


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [(RankerMetrics, "name", "value"), (RankerImportances, "feature", "importance")],
)
def test_named_numbers_are_finite_and_named_once(model, name, value):
    frame = pd.DataFrame({name: ["a", "b"], value: [0.5, -0.1]})
    if model is RankerImportances:
        frame = frame.assign(mean_absolute_shap=0.1)
    assert len(model.validate(frame)) == 2
    for changes in ({name: "a"}, {value: np.nan}, {value: np.inf}):
        with pytest.raises(SchemaError):
            model.validate(broken(frame, 1, **changes))


@pytest.fixture
def written_down():
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"rank": random.integers(1, 9, 600), "share": random.uniform(size=600)})
    labels = (random.uniform(size=600) < frame["share"]).to_numpy()
    users = random.integers(0, 60, 600).astype(str)
    ranker = fit_ranker(frame, labels, ["rank", "share"], users, RankerParams(iterations=20))
    return ranker_tables(ranker)


def test_a_ranker_written_down_fits_its_tables(written_down):
    assert len(Rankers.validate(written_down.ranker.assign(release_id="r1"))) == 1
    assert len(RankerTrees.validate(written_down.trees)) == len(written_down.trees) > 20


@pytest.mark.parametrize(
    "changes", [{"threshold": np.nan}, {"feature": None}, {"node": 1}, {"row_count": -1}]
)
def test_half_a_node_is_refused(written_down, changes):
    with pytest.raises(SchemaError):
        RankerTrees.validate(broken(written_down.trees, 0, **changes))


def test_an_encoding_is_written_down_with_one_code_per_value():
    frame = pd.DataFrame(
        {"feature": ["a", "a", "b"], "category": ["x", "y", None], "code": [0, 1, 0]}
    )
    assert len(RankerEncodings.validate(frame)) == 3
    with pytest.raises(SchemaError):
        RankerEncodings.validate(broken(frame, 1, code=0))


def test_a_feature_explains_a_pair_once():
    frame = pd.DataFrame(
        {
            "user_id": "u1",
            "item_id": "a",
            "feature": ["rank", "share"],
            "value": [1.0, np.nan],
            "shap_value": [0.5, -0.5],
        }
    )
    assert len(RankerExplanations.validate(frame)) == 2
    for changes in ({"feature": "rank"}, {"shap_value": np.nan}):
        with pytest.raises(SchemaError):
            RankerExplanations.validate(broken(frame, 1, **changes))
