import numpy as np
import pytest

from ml.shadow import ListPair, compare_lists, mean_rank_change, overlap_at_k


def values(frame):
    return {(row.metric, row.cutoff): row.value for row in frame.itertuples()}


@pytest.mark.parametrize(
    ("live", "shadow", "k", "expected"),
    [
        ("abcd", "abdc", 2, 1.0),
        ("abcd", "bxya", 2, 0.5),
        ("abcd", "ab", 4, 0.5),
        ("", "ab", 2, 0.0),
    ],
)
def test_overlap_counts_common_items_of_the_first_ones(live, shadow, k, expected):
    assert overlap_at_k(live, shadow, k) == expected


def test_nothing_overlaps_with_nothing():
    assert np.isnan(overlap_at_k("", "", 3))


def test_rank_change_is_the_mean_move_of_common_items():
    # a moves by 2, b by 1, c by 1; x is not common.
    assert mean_rank_change("abc", "bcax"[:3]) == pytest.approx(4 / 3)
    assert np.isnan(mean_rank_change("ab", "xy"))


def test_requests_are_compared_together():
    pairs = [
        ListPair("ab", "ab", (0.5, 0.3), (0.5, float("nan"))),
        ListPair("cd", "xa", (0.1, None), (0.2, 0.4)),
    ]
    frame = compare_lists(iter(pairs), catalogue_size=10, cutoffs=(1, 2))
    found = values(frame)
    assert found["overlap", 1] == 0.5
    assert found["overlap", 2] == 0.5
    assert found["rank_change", 0] == 0.0
    assert found["live_coverage", 1] == 0.2
    assert found["live_coverage", 2] == 0.4
    assert found["shadow_coverage", 2] == pytest.approx(0.3)
    assert found["live_score_p50", 0] == 0.3
    assert found["shadow_score_p50", 0] == 0.4
    assert set(frame["request_count"]) == {2}


def test_without_requests_there_is_nothing_to_say():
    assert compare_lists([], catalogue_size=5).empty


def test_a_shadow_that_answers_nothing_covers_nothing():
    found = values(compare_lists([ListPair("ab", "")], catalogue_size=4, cutoffs=(2,)))
    assert found == {("overlap", 2): 0.0, ("live_coverage", 2): 0.5, ("shadow_coverage", 2): 0.0}


@pytest.mark.parametrize(("size", "cutoffs"), [(0, (1,)), (1, (0,))])
def test_refuses_lengths_below_one(size, cutoffs):
    with pytest.raises(ValueError, match="must be >= 1"):
        compare_lists([], size, cutoffs)
