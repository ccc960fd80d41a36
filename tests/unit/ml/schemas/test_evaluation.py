import numpy as np
import pandas as pd
import pytest
from pandera.errors import SchemaError

from ml.als import AlsParams, fit_als
from ml.candidates import top_candidates
from ml.interactions import build_interaction_matrix
from ml.intervals import metric_intervals
from ml.metrics import user_metrics
from ml.schemas.evaluation import Audit, MetricIntervals, TuningTrials, UserMetrics
from ml.schemas.lists import Candidates
from tests.unit.ml.schemas.broken_rows import broken

CUTOFF = pd.Timestamp("2026-01-01")


@pytest.fixture
def intervals():
    return pd.DataFrame(
        {
            "setting": "new_items",
            "system": "als",
            "metric": ["ndcg_10", "coverage_10"],
            "value": [0.1, 0.7],
            "lower": [0.1, np.nan],
            "upper": [0.2, np.nan],
            "user_count": [3, 3],
        }
    )


def test_intervals_pass_with_both_bounds_or_none(intervals):
    assert len(MetricIntervals.validate(intervals)) == 2


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        pytest.param(0, {"lower": 0.11}, id="value below the interval"),
        pytest.param(0, {"upper": 0.09}, id="value above the interval"),
        pytest.param(0, {"lower": np.nan}, id="one bound"),
        pytest.param(1, {"value": np.nan}, id="no value"),
        pytest.param(1, {"value": np.inf}, id="infinite"),
        pytest.param(1, {"metric": "ndcg_10"}, id="a metric twice"),
        pytest.param(1, {"setting": "old_items"}, id="an unknown setting"),
        pytest.param(1, {"user_count": 0}, id="nobody"),
    ],
)
def test_intervals_are_refused(intervals, row, changes):
    with pytest.raises(SchemaError):
        MetricIntervals.validate(broken(intervals, row, **changes))


def test_an_audit_has_a_metric_once_per_group_and_system():
    frame = pd.DataFrame(
        {
            "attribute": "age",
            "system": ["with", "difference"],
            "user_group": "(all)",
            "metric": ["head_share", "ndcg_10"],
            "value": [0.5, -0.1],
            "lower": [np.nan, -0.2],
            "upper": [np.nan, 0.1],
            "user_count": 4,
        }
    )
    assert len(Audit.validate(frame)) == 2
    for changes in ({"system": "beside"}, {"user_count": 0}, {"value": np.nan}):
        with pytest.raises(SchemaError):
            Audit.validate(broken(frame, 1, **changes))
    with pytest.raises(SchemaError):
        Audit.validate(frame.iloc[[0, 0]].reset_index(drop=True))


def test_what_ml_makes_fits_its_tables():
    """From pairs to intervals on three users: each table takes what the function returns."""
    pairs = pd.DataFrame(
        [("u1", "a"), ("u1", "b"), ("u2", "a"), ("u3", "c")], columns=["user_id", "item_id"]
    ).assign(weight=1.0)
    matrix = build_interaction_matrix(pairs)
    frame = top_candidates(
        fit_als(matrix, AlsParams(factors=2, regularization=0.1)), matrix, limit=2
    )
    Candidates.validate(frame.assign(cutoff_at=CUTOFF))
    lists = frame.rename(columns={"candidate_rank": "rank"}).assign(
        setting="new_items", system="als"
    )
    relevant = pd.DataFrame(
        [("new_items", "u2", "b"), ("new_items", "u3", "a")],
        columns=["setting", "user_id", "item_id"],
    )
    histories = pd.DataFrame({"user_id": ["u2"], "history_count": [1]})
    metrics = user_metrics(lists, relevant, histories)
    assert len(UserMetrics.validate(metrics.assign(cutoff_at=CUTOFF))) == 2
    MetricIntervals.validate(metric_intervals(metrics, ["ndcg_10", "hit_10"]))
    for changes in ({"user_id": "u2"}, {"ndcg_10": 1.5}, {"hit_10": 0.5}, {"relevant_count": 0}):
        with pytest.raises(SchemaError):
            UserMetrics.validate(broken(metrics.assign(cutoff_at=CUTOFF), 1, **changes))


@pytest.fixture
def trials():
    return pd.DataFrame(
        {
            "study": "als-1",
            "part": "als",
            "trial_number": [0, 1],
            "setting": "new_items",
            "state": ["complete", "failed"],
            "parameters": ['{"factors": 8}', '{"factors": 9}'],
            "fold_count": [2, 0],
            "value": [0.5, np.nan],
            "seconds": 1.0,
            "is_present": [True, False],
            "finished_at": [CUTOFF, pd.NaT],
        }
    )


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        pytest.param(1, {"trial_number": 0}, id="a trial twice"),
        pytest.param(0, {"value": 1.5}, id="more than everything"),
        pytest.param(0, {"value": np.nan}, id="judged without a value"),
        pytest.param(1, {"value": 0.5}, id="a value that no fold gave"),
        pytest.param(0, {"part": "alss"}, id="an unknown part"),
        pytest.param(0, {"state": "running"}, id="a trial that has not ended"),
        pytest.param(0, {"parameters": "factors"}, id="parameters that are no object"),
    ],
)
def test_trials_are_refused(trials, row, changes):
    assert len(TuningTrials.validate(trials)) == 2
    with pytest.raises(SchemaError):
        TuningTrials.validate(broken(trials, row, **changes))
