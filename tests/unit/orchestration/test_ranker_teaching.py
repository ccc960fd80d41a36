from datetime import datetime
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from ml.ranker_choice import IMPRESSION_RANKER, RANKER
from ml.ranker_params import RankerParams
from ml.ranking import score_frame
from orchestration.ranker_teaching import Teaching

FIRST, SECOND = datetime(2024, 1, 1), datetime(2024, 1, 15)
LISTS = 400


def shown_lists(cutoff_at, second_place, seed=0):
    """Draw lists of two; the second place gets this share of the clicks of the first."""
    random = np.random.default_rng(seed)
    clicked = random.random((LISTS, 2)) < np.array([0.6, 0.6 * second_place])
    return pd.DataFrame(
        {
            "request_id": np.repeat([f"{cutoff_at}-{n}" for n in range(LISTS)], 2),
            "user_id": np.repeat([f"u{n}" for n in range(LISTS)], 2),
            "item_id": "i",
            "shown_rank": np.tile([1, 2], LISTS),
            # The second of two is certain once the first is drawn.
            "propensity_kind": "conditional",
            "propensity": np.tile([0.5, 1.0], LISTS),
            "is_clicked": clicked.ravel(),
            "cutoff_at": cutoff_at,
        }
    )


def rows(size=3000, shown=True):
    random = np.random.default_rng(1)
    hint = random.normal(size=size)
    is_relevant = hint + random.normal(size=size) > 1.5
    ranks = np.where(random.random(size) < 0.3, 2.0, np.nan) if shown else np.nan
    return pd.DataFrame(
        {
            "cutoff_at": FIRST,
            "user_id": [f"u{n % 300}" for n in range(size)],
            "hint": hint,
            "is_relevant": is_relevant,
            "sample_weight": 1.0,
            "shown_rank": ranks,
            "chosen_rank": np.where(is_relevant, ranks, np.nan),
            "has_impressions": shown,
        }
    )


def teaching(labels="choose", shown=None):
    params = RankerParams(labels=labels, iterations=20)
    log = shown_lists(FIRST, 0.5) if shown is None else shown
    return Teaching(params, ["hint"], (), 1, log)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ("choose", [RANKER, IMPRESSION_RANKER]),
        ("time", [RANKER]),
        ("impressions", [IMPRESSION_RANKER]),
    ],
)
def test_the_setting_says_which_rankers_contend(labels, names):
    assert list(teaching(labels).rankers(rows())) == names


class Watched(Teaching):
    """Notes in `running` who is being fitted, and in `most` how many at a time."""

    running: ClassVar[list[str]] = []
    most: ClassVar[list[int]] = []

    def fit(self, rows, chosen=RANKER):
        """Fit as the product does."""
        self.running.append(chosen)
        self.most.append(len(self.running))
        fitted = super().fit(rows, chosen)
        self.running.remove(chosen)
        return fitted


def test_no_more_rankers_are_fitted_at_a_time_than_there_are_workers_and_all_are_the_same():
    params, shown = RankerParams(labels="choose", iterations=20), shown_lists(FIRST, 0.5)
    probes = pd.DataFrame({"hint": np.linspace(-3, 3, 20)})
    scores = []
    for workers in (1, 2):
        Watched.most.clear()
        fitted = Watched(params, ["hint"], (), 1, shown, workers).rankers(rows())
        assert max(Watched.most) == workers
        scores.append(pd.concat([score_frame(ranker, probes) for ranker in fitted.values()]))
    pd.testing.assert_frame_equal(*scores)


@pytest.mark.parametrize("labels", ["choose", "time", "impressions"])
def test_without_impressions_the_time_split_teaches(labels):
    found = teaching(labels, pd.DataFrame()).rankers(rows(shown=False))
    assert list(found) == [RANKER]


def test_labels_that_there_are_none_of_are_refused():
    with pytest.raises(ValueError, match="labels must be one of choose, time, impressions, got"):
        RankerParams(labels="clicks")
    with pytest.raises(ValueError, match=r"unshown_weight must be in \(0, 1\], got 0"):
        RankerParams(unshown_weight=0)


def test_places_are_weighted_by_the_periods_that_teach_and_by_no_other():
    both = pd.concat([shown_lists(FIRST, 0.5), shown_lists(SECOND, 1.0, seed=1)])
    alone, _ = teaching(shown=shown_lists(FIRST, 0.5)).examination(rows())
    with_later, _ = teaching(shown=both).examination(rows())
    assert with_later.values.tolist() == alone.values.tolist()
    assert alone.values[1] == pytest.approx(0.5, abs=0.1)
    later, _ = teaching(shown=both).examination(rows().assign(cutoff_at=SECOND))
    assert later.values[1] > 0.8


def test_who_judges_does_not_weight_places():
    log = shown_lists(FIRST, 0.5)
    told = teaching(shown=log).without({f"u{n}" for n in range(200)})
    assert set(told.shown["user_id"]) == {f"u{n}" for n in range(200, LISTS)}
    nothing = teaching(shown=pd.DataFrame())
    assert nothing.without({"u1"}).shown.empty


def test_what_was_only_shown_does_not_teach_the_time_split():
    sample = rows()
    misleading = sample.assign(sample_weight=np.nan, is_relevant=False, hint=2.0, shown_rank=1.0)
    both = pd.concat([sample, misleading], ignore_index=True)
    probes = pd.DataFrame({"hint": np.linspace(-3, 3, 20)})
    expected = score_frame(teaching().fit(sample), probes)
    pd.testing.assert_frame_equal(score_frame(teaching().fit(both), probes), expected)
    other = score_frame(teaching().fit(both, IMPRESSION_RANKER), probes)["raw_score"]
    assert other.iloc[16] < expected["raw_score"].iloc[16] - 0.5
