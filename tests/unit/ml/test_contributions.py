import numpy as np
import pandas as pd
import pytest

from ml.als import AlsModel, AlsParams, fit_als, fold_in_user
from ml.candidates import score_pairs
from ml.contributions import contribution_blocks, user_contributions
from ml.interactions import build_interaction_matrix


@pytest.fixture
def matrix():
    random = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "user_id": random.integers(0, 30, 300).astype(str),
            "item_id": random.integers(0, 25, 300).astype(str),
            "weight": random.uniform(0.2, 3, 300),
        }
    )
    return build_interaction_matrix(frame.drop_duplicates(["user_id", "item_id"]))


@pytest.fixture
def model(matrix):
    return fit_als(matrix, AlsParams(factors=5, regularization=0.5, iterations=5))


def gram_of(model):
    vectors = model.item_factors.astype(np.float64)
    return vectors.T @ vectors


def all_pairs(matrix, users):
    return pd.DataFrame(
        [(user, item) for user in users for item in matrix.item_ids],
        columns=["user_id", "item_id"],
    )


def found(model, matrix, pairs, limit=3):
    return pd.concat(contribution_blocks(model, matrix, iter([pairs]), limit), ignore_index=True)


def test_contributions_sum_to_the_score(model, matrix):
    gram, wanted = gram_of(model), np.arange(matrix.item_ids.size)
    for row in range(matrix.user_ids.size):
        history = matrix.weights[row]
        shares = user_contributions(model, gram, history.indices, history.data, wanted)
        vector = fold_in_user(model, gram, history.indices, history.data)
        expected = model.item_factors.astype(np.float64) @ vector
        np.testing.assert_allclose(shares.sum(axis=1), expected, rtol=1e-5, atol=1e-6)


def test_contributions_sum_to_the_score_of_the_candidate(model, matrix):
    gram, wanted = gram_of(model), np.arange(matrix.item_ids.size)
    for row, user in enumerate(matrix.user_ids):
        history = matrix.weights[row]
        shares = user_contributions(model, gram, history.indices, history.data, wanted)
        scores = score_pairs(model, matrix, np.repeat(user, wanted.size), matrix.item_ids)
        np.testing.assert_allclose(shares.sum(axis=1), scores, rtol=1e-5, atol=1e-6)


def test_one_factor_by_hand():
    """A = 0.5 (1 + 4 + 9) + 2 + 1 * 1 + 2 * 4 = 18; of y_i = 3: 3 * 1 * 1 and 3 * 2 * 2."""
    params = AlsParams(factors=1, regularization=2.0, unobserved_weight=0.5)
    vectors = np.array([[1.0], [2.0], [3.0]], dtype=np.float32)
    model = AlsModel(np.ones((1, 1), dtype=np.float32), vectors, params)
    shares = user_contributions(
        model, np.array([[14.0]]), np.array([0, 1]), np.array([1.0, 2.0]), np.array([2])
    )
    np.testing.assert_allclose(shares, [[3 / 18, 12 / 18]])


def test_the_largest_contributions_come_first(model, matrix):
    frame = found(model, matrix, all_pairs(matrix, ["7"]), limit=2)
    row = int(np.flatnonzero(matrix.user_ids == "7")[0])
    history = matrix.weights[row]
    shares = user_contributions(
        model, gram_of(model), history.indices, history.data, np.arange(matrix.item_ids.size)
    )
    for column, item in enumerate(matrix.item_ids):
        rows = frame.loc[frame["item_id"] == item]
        expected = sorted(shares[column][shares[column] > 0], reverse=True)[:2]
        np.testing.assert_allclose(rows["contribution"], expected)
        assert list(rows["contribution_rank"]) == list(range(1, len(expected) + 1))
        assert set(rows["history_item_id"]) <= set(matrix.item_ids[history.indices])
        assert (rows["history_count"] == history.nnz).all()


def test_equal_contributions_are_ordered_by_item_id():
    params = AlsParams(factors=1, regularization=1.0)
    pairs = pd.DataFrame({"user_id": "u", "item_id": ["b", "a", "c"], "weight": 1.0})
    matrix = build_interaction_matrix(pairs)
    model = AlsModel(np.ones((1, 1), np.float32), np.ones((3, 1), np.float32), params)
    frame = found(model, matrix, pd.DataFrame({"user_id": ["u"], "item_id": ["c"]}), limit=2)
    assert list(frame["history_item_id"]) == ["a", "b"]


def test_what_speaks_against_an_item_is_no_evidence():
    params = AlsParams(factors=1, regularization=1.0)
    matrix = build_interaction_matrix(
        pd.DataFrame({"user_id": ["u", "v"], "item_id": ["a", "b"], "weight": 1.0})
    )
    model = AlsModel(np.ones((2, 1), np.float32), np.array([[1.0], [-1.0]], np.float32), params)
    assert found(model, matrix, pd.DataFrame({"user_id": ["u"], "item_id": ["b"]})).empty


def test_strangers_and_unknown_items_have_no_rows(model, matrix):
    pairs = pd.DataFrame({"user_id": ["7", "stranger"], "item_id": ["unknown", "3"]})
    frame = found(model, matrix, pairs)
    assert frame.empty
    assert list(frame.columns)[:3] == ["user_id", "item_id", "history_item_id"]


def test_pairs_of_the_history_can_be_left_out(model, matrix):
    row = int(np.flatnonzero(matrix.user_ids == "7")[0])
    history = set(matrix.item_ids[matrix.weights[row].indices])
    blocks = contribution_blocks(model, matrix, iter([all_pairs(matrix, ["7"])]), with_seen=False)
    frame = pd.concat(blocks)
    whole = found(model, matrix, all_pairs(matrix, ["7"]))
    assert set(frame["item_id"]) == set(whole["item_id"]) - history != set(whole["item_id"])


def test_a_long_history_is_split_without_another_result(model, matrix, monkeypatch):
    pairs = all_pairs(matrix, ["3", "7"])
    whole = found(model, matrix, pairs)
    monkeypatch.setattr("ml.contributions.BLOCK_CELLS", 1)
    pd.testing.assert_frame_equal(found(model, matrix, pairs), whole, rtol=1e-12)


def test_the_order_of_the_pairs_does_not_matter(model, matrix):
    pairs = all_pairs(matrix, ["3", "7"])
    shuffled = pairs.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(found(model, matrix, shuffled), found(model, matrix, pairs))


def test_a_limit_below_one_is_refused(model, matrix):
    with pytest.raises(ValueError, match="limit must be >= 1, got 0"):
        contribution_blocks(model, matrix, iter([]), 0)


def test_a_model_of_another_matrix_is_refused(model):
    other = build_interaction_matrix(
        pd.DataFrame({"user_id": ["u"], "item_id": ["a"], "weight": [1.0]})
    )
    with pytest.raises(ValueError, match="users and items, got"):
        contribution_blocks(model, other, iter([]))
