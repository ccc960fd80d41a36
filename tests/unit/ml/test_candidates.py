import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_matrix

from ml.als import AlsModel, AlsParams, fit_als
from ml.candidates import score_pairs, top_candidate_blocks, top_candidates
from ml.interactions import InteractionMatrix, build_interaction_matrix


@pytest.fixture
def matrix():
    """Two groups of users with disjoint taste; `loner` has seen every item."""
    pairs = [("a1", "x"), ("a1", "y"), ("a2", "x"), ("b1", "z"), ("b1", "w"), ("b2", "z")]
    pairs += [("loner", item) for item in "wxyz"]
    frame = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(weight=1.0)
    return build_interaction_matrix(frame)


@pytest.fixture
def model(matrix):
    return fit_als(matrix, AlsParams(factors=2, regularization=0.1, seed=7))


def model_of(users, items):
    users, items = (np.asarray(side, dtype=np.float32) for side in (users, items))
    return AlsModel(users, items, AlsParams(factors=users.shape[1]))


def matrix_of(seen):
    seen = np.asarray(seen, dtype=np.float32)
    names = (
        np.array([f"{letter}{n:05d}" for n in range(size)], dtype=object)
        for letter, size in zip("ui", seen.shape, strict=True)
    )
    return InteractionMatrix(csr_matrix(seen), *names)


def by_sorting(model, matrix, limit):
    """Make the same lists by a full sort of exact scores."""
    lists = []
    for row, user in enumerate(matrix.user_ids):
        scores = model.item_factors.astype(np.float64) @ model.user_factors[row]
        unseen = np.flatnonzero(matrix.weights[row].toarray()[0] == 0)
        best = sorted(unseen, key=lambda column, scores=scores: (-scores[column], column))[:limit]
        lists += [
            (user, matrix.item_ids[column], rank, scores[column])
            for rank, column in enumerate(best, start=1)
        ]
    return lists


def test_proposes_the_unseen_item_of_the_users_own_group_first(model, matrix):
    frame = top_candidates(model, matrix, limit=4).set_index(["user_id", "candidate_rank"])
    assert frame.loc[("a2", 1), "item_id"] == "y"
    assert frame.loc[("b2", 1), "item_id"] == "w"


def test_never_proposes_an_item_twice_or_one_that_was_seen(model, matrix):
    frame = top_candidates(model, matrix, limit=50)
    assert not frame.duplicated(["user_id", "item_id"]).any()
    assert len(frame) == matrix.weights.shape[0] * matrix.weights.shape[1] - matrix.weights.nnz


def test_a_user_who_has_seen_everything_gets_no_rows(model, matrix):
    assert "loner" not in set(top_candidates(model, matrix, limit=4)["user_id"])


# Small whole numbers multiply exactly, so that ties are ties whatever the order of summing.
@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 7), st.integers(1, 40), st.integers(1, 12))
def test_equals_a_full_sort_whatever_the_blocks(data, users, items, limit):
    whole = {"elements": st.integers(-2, 2).map(float)}
    model = model_of(
        data.draw(hnp.arrays(np.float32, (users, 3), **whole)),
        data.draw(hnp.arrays(np.float32, (items, 3), **whole)),
    )
    matrix = matrix_of(data.draw(hnp.arrays(np.bool_, (users, items))))
    blocks = top_candidate_blocks(
        model,
        matrix,
        limit,
        block_users=data.draw(st.integers(1, 8)),
        block_items=data.draw(st.integers(1, 41)),
    )
    found = [row for block in blocks for row in block.itertuples(index=False, name=None)]
    assert found == by_sorting(model, matrix, limit)


def test_blocks_and_subsets_give_the_very_same_scores():
    random = np.random.default_rng(0)
    model = model_of(random.normal(size=(60, 24)), random.normal(size=(300, 24)))
    matrix = matrix_of(random.random((60, 300)) < 0.1)
    whole = top_candidates(model, matrix, limit=20)
    parts = pd.concat(
        top_candidate_blocks(model, matrix, 20, block_users=7, block_items=33), ignore_index=True
    )
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)
    one = top_candidates(model, matrix, 20, users=np.array(["u00031"], dtype=object))
    expected = whole[whole["user_id"] == "u00031"].reset_index(drop=True)
    pd.testing.assert_frame_equal(one, expected, check_exact=True)


def test_more_ties_than_are_kept_go_to_the_first_ids():
    model = model_of(np.ones((1, 1)), np.ones((1000, 1)))
    matrix = matrix_of(np.zeros((1, 1000)))
    frame = top_candidates(model, matrix, limit=3)
    assert list(frame["item_id"]) == ["i00000", "i00001", "i00002"]


def test_a_better_item_after_many_ties_is_found():
    items = np.ones((1000, 1))
    items[[500, 999]] = 2
    frame = top_candidates(model_of(np.ones((1, 1)), items), matrix_of(np.zeros((1, 1000))), 3)
    assert list(frame["item_id"]) == ["i00500", "i00999", "i00000"]


def test_only_the_named_users_are_scored_each_once(model, matrix):
    wanted = np.array(["b2", "stranger", "a2", "b2"], dtype=object)
    frame = top_candidates(model, matrix, limit=1, users=wanted)
    assert list(frame["user_id"]) == ["a2", "b2"]


@pytest.mark.parametrize("wanted", [["stranger"], []])
def test_strangers_get_an_empty_frame_of_the_same_types(model, matrix, wanted):
    empty = top_candidates(model, matrix, limit=3, users=np.array(wanted, dtype=object))
    assert empty.empty
    assert dict(empty.dtypes) == dict(top_candidates(model, matrix, limit=3).dtypes)


def test_memory_does_not_grow_with_the_number_of_users():
    random = np.random.default_rng(1)
    model = model_of(random.normal(size=(5_000, 8)), random.normal(size=(2_000, 8)))
    seen = csr_matrix((5_000, 2_000), dtype=np.float32)
    matrix = InteractionMatrix(seen, np.arange(5_000).astype(str), np.arange(2_000).astype(str))
    tracemalloc.start()
    rows = sum(len(block) for block in top_candidate_blocks(model, matrix, 5, block_users=128))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows == 25_000
    # All scores at once would take 40 MB, those of one block take 1 MB.
    assert peak < 6e6


def test_pairs_have_the_score_of_their_candidates(model, matrix):
    frame = top_candidates(model, matrix, limit=4)
    scores = score_pairs(model, matrix, frame["user_id"], frame["item_id"])
    np.testing.assert_array_equal(scores, frame["candidate_score"])


def test_seen_pairs_have_a_score_and_strangers_have_none():
    model = model_of([[1.0, 2.0]], [[3.0, 4.0]])
    users = np.array(["u00000", "stranger", "u00000"], dtype=object)
    items = np.array(["i00000", "i00000", "stranger"], dtype=object)
    scores = score_pairs(model, matrix_of([[1]]), users, items)
    np.testing.assert_array_equal(scores, np.float32([11, np.nan, np.nan]))


def test_no_pairs_have_no_scores(model, matrix):
    assert score_pairs(model, matrix, np.array([]), np.array([])).shape == (0,)


@pytest.mark.parametrize("name", ["limit", "block_users", "block_items"])
def test_sizes_below_one_are_refused(model, matrix, name):
    sizes = {"limit": 1, "block_users": 1, "block_items": 1, name: 0}
    with pytest.raises(ValueError, match=rf"{name} must be >= 1, got 0"):
        top_candidate_blocks(model, matrix, **sizes)


def test_a_model_of_another_matrix_is_refused(model):
    with pytest.raises(ValueError, match=r"\(5, 4\) users and items, got \(1, 2\)"):
        top_candidates(model, matrix_of([[0, 0]]), limit=1)


def test_pairs_of_unequal_length_are_refused(model, matrix):
    with pytest.raises(ValueError, match="2 users but 1 items"):
        score_pairs(model, matrix, np.array(["a1", "a2"]), np.array(["x"]))
