import numpy as np
import pandas as pd
import pytest
from pandera.errors import SchemaError, SchemaErrors

from ml.schemas.lists import Candidates, RankedCandidates
from tests.unit.ml.schemas.broken_rows import broken

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
