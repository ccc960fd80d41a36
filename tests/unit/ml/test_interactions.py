import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.interactions import build_interaction_matrix, positions


def pairs(*rows):
    return pd.DataFrame(rows, columns=["user_id", "item_id", "weight"])


def test_every_weight_stands_in_its_row_and_column():
    matrix = build_interaction_matrix(pairs(("u2", "a", 3.0), ("u1", "b", 2.0), ("u1", "a", 1.0)))
    assert list(matrix.user_ids) == ["u1", "u2"]
    assert list(matrix.item_ids) == ["a", "b"]
    np.testing.assert_array_equal(matrix.weights.toarray(), [[1.0, 2.0], [3.0, 0.0]])
    assert matrix.weights.dtype == np.float32


def test_one_pair_is_enough():
    matrix = build_interaction_matrix(pairs(("u", "a", 0.5)))
    np.testing.assert_array_equal(matrix.weights.toarray(), [[0.5]])


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("uvwxyz"), st.sampled_from("abcd")),
        st.integers(1, 9),
        min_size=1,
    ),
    st.randoms(use_true_random=False),
)
def test_rows_may_come_in_any_order(weights, random):
    rows = [(*pair, weight) for pair, weight in weights.items()]
    shuffled = random.sample(rows, len(rows))
    first, second = (
        build_interaction_matrix(pairs(*rows)),
        build_interaction_matrix(pairs(*shuffled)),
    )
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(first.weights, name), getattr(second.weights, name))
    assert list(first.user_ids) == list(second.user_ids)
    assert list(first.item_ids) == list(second.item_ids)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        pytest.param(pairs(), "no interactions", id="empty"),
        pytest.param(pairs(("u", "a", 1.0), ("u", "a", 2.0)), "1 user-item pairs", id="twice"),
        pytest.param(pairs(("u", "a", 0.0)), "1 weights are not > 0", id="zero"),
        pytest.param(pairs(("u", "a", 1e-60)), "1 weights are not > 0", id="zero as float32"),
        pytest.param(
            pairs(("u", "a", 1.0), ("u", "b", float("nan"))), "1 weights are not > 0", id="nan"
        ),
        pytest.param(pairs(("u", "a", float("inf"))), "not > 0 and finite", id="infinite"),
        pytest.param(pairs((None, "a", 1.0)), "1 pairs have no user_id or no", id="no user"),
        pytest.param(pairs(("u", None, 1.0)), "1 pairs have no user_id or no", id="no item"),
    ],
)
def test_refuses(frame, message):
    with pytest.raises(ValueError, match=message):
        build_interaction_matrix(frame)


def test_positions_are_places_on_the_axis_and_minus_one_for_strangers():
    axis = np.array(["a", "c", "e"], dtype=object)
    found = positions(axis, np.array(["e", "b", "a", "e"], dtype=object))
    np.testing.assert_array_equal(found, [2, -1, 0, 2])


def test_positions_of_nothing_are_none():
    assert positions(np.array(["a"], dtype=object), np.array([], dtype=object)).size == 0
