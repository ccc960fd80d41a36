import numpy as np
import pandas as pd
import pytest
from pandera.errors import SchemaError, SchemaErrors

from ml.als import AlsParams, fit_als
from ml.candidates import top_candidates
from ml.interactions import build_interaction_matrix
from ml.intervals import metric_intervals
from ml.metrics import user_metrics
from ml.ranker_trees import ranker_tables
from ml.ranking import RankerParams, fit_ranker
from ml.schemas import (
    Audit,
    Candidates,
    Contributions,
    MetricIntervals,
    RankedCandidates,
    RankerEncodings,
    RankerExplanations,
    RankerImportances,
    RankerMetrics,
    Rankers,
    RankerTrees,
    TuningTrials,
    UserMetrics,
)

CUTOFF = pd.Timestamp("2026-01-01")


@pytest.fixture
def candidates():
    rows = [("u1", "a", 1, 0.9), ("u1", "b", 2, 0.5), ("u2", "a", 1, -0.1)]
    frame = pd.DataFrame(
        rows, columns=["user_id", "item_id", "candidate_rank", "candidate_score"]
    ).astype({"candidate_score": np.float32})
    return frame.assign(cutoff_at=CUTOFF)


@pytest.fixture
def ranked(candidates):
    frame = candidates.rename(columns={"candidate_rank": "ranked_position"}).assign(
        score=[0.5, 0.5, 1.0],
        source="als",
        evidence_item_id=[None, "c", None],
        release_id="r1",
        is_seen=False,
    )
    return frame.drop(columns="candidate_score")


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


def broken(frame, row, **changes):
    """Change one row."""
    changed = frame.copy()
    for column, value in changes.items():
        changed[column] = [
            value if place == row else old for place, old in enumerate(changed[column])
        ]
    return changed.astype({name: frame[name].dtype for name in frame})


def test_candidates_pass(candidates):
    assert len(Candidates.validate(candidates)) == 3


@pytest.mark.parametrize("schema", ["candidates", "ranked"])
def test_no_rows_pass(schema, request):
    model = {"candidates": Candidates, "ranked": RankedCandidates}[schema]
    assert model.validate(request.getfixturevalue(schema).head(0)).empty


def test_moments_with_an_offset_become_utc(candidates):
    offset = candidates.assign(cutoff_at=pd.Timestamp("2026-01-01T02:00", tz="Europe/Helsinki"))
    assert set(Candidates.validate(offset)["cutoff_at"]) == {CUTOFF}


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        pytest.param(1, {"candidate_rank": 3}, id="a gap"),
        pytest.param(1, {"candidate_rank": 1}, id="a rank twice"),
        pytest.param(2, {"candidate_rank": 2}, id="a list that starts at two"),
        pytest.param(1, {"item_id": "a"}, id="an item twice"),
        pytest.param(1, {"candidate_score": 1.0}, id="a score that rises"),
        pytest.param(2, {"candidate_score": np.nan}, id="nan"),
        pytest.param(0, {"candidate_score": np.inf}, id="infinite"),
        pytest.param(0, {"user_id": ""}, id="an empty id"),
        pytest.param(2, {"user_id": None}, id="no id"),
    ],
)
def test_candidates_are_refused(candidates, row, changes):
    with pytest.raises(SchemaError):
        Candidates.validate(broken(candidates, row, **changes))


def test_a_column_more_or_less_is_refused(candidates):
    with pytest.raises(SchemaErrors, match="'extra' not in"):
        Candidates.validate(candidates.assign(extra=1))
    with pytest.raises(SchemaError, match="'item_id' not in"):
        Candidates.validate(candidates.drop(columns="item_id"))


def test_a_moment_that_is_none_is_refused(candidates):
    with pytest.raises(SchemaErrors, match="cutoff_at"):
        Candidates.validate(candidates.assign(cutoff_at="soon"))


def test_the_same_list_at_two_cutoffs_passes(candidates):
    later = candidates.assign(cutoff_at=pd.Timestamp("2026-02-01"))
    assert len(Candidates.validate(pd.concat([candidates, later]))) == 6


def test_ranked_candidates_pass_with_tied_scores(ranked):
    assert len(RankedCandidates.validate(ranked)) == 3


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        pytest.param(0, {"score": 1.01}, id="above one"),
        pytest.param(1, {"score": -0.01}, id="below zero"),
        pytest.param(1, {"score": 0.6}, id="a score that rises"),
        pytest.param(1, {"ranked_position": 3}, id="a gap"),
        pytest.param(1, {"item_id": "a"}, id="an item twice"),
        pytest.param(0, {"source": None}, id="no source"),
        pytest.param(0, {"release_id": None}, id="no release"),
    ],
)
def test_ranked_candidates_are_refused(ranked, row, changes):
    with pytest.raises(SchemaError):
        RankedCandidates.validate(broken(ranked, row, **changes))


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


def test_contributions_fall_along_their_ranks():
    frame = pd.DataFrame(
        {
            "cutoff_at": CUTOFF,
            "user_id": "u1",
            "item_id": ["a", "a", "b"],
            "history_item_id": ["x", "y", "x"],
            "contribution_rank": [1, 2, 1],
            "contribution": [0.5, 0.25, 0.75],
            "history_count": 2,
        }
    )
    assert len(Contributions.validate(frame)) == 3
    for row, changes in (
        (1, {"contribution": 0.6}),
        (1, {"contribution_rank": 3}),
        (1, {"history_item_id": "x"}),
        (2, {"contribution": 0.0}),
    ):
        with pytest.raises(SchemaError):
            Contributions.validate(broken(frame, row, **changes))


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
