"""The best items of a factorisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.candidates import score_pairs
from serving import rounded_factors
from serving.rounded_factors import RoundedFactors
from tests.unit.serving.shop_release import fitted

# Of few values, so that many scores are equal.
NUMBER = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])


def best_of_all(factors: np.ndarray, vector: np.ndarray, is_open: np.ndarray, count: int) -> list:
    """Sort all items."""
    order = np.lexsort((np.arange(len(factors)), -(factors @ vector)))
    return order[is_open[order]][:count].tolist()


@st.composite
def asked(draw):
    """Draw vectors of items and of a user, which items are open, and how many are wanted."""
    items, width = draw(st.integers(1, 40)), draw(st.integers(1, 3))
    rows = [
        draw(st.lists(NUMBER, min_size=count * width, max_size=count * width))
        for count in (items, 1)
    ]
    factors, vector = (np.array(row, dtype=np.float32).reshape(-1, width) for row in rows)
    is_open = np.array(draw(st.lists(st.booleans(), min_size=items, max_size=items)))
    return factors, vector[0], is_open, draw(st.integers(1, 50))


@settings(max_examples=200, deadline=None)
@given(asked())
def test_the_best_are_those_of_a_sort(case):
    factors, vector, is_open, count = case
    found = RoundedFactors(factors).best(vector, is_open, count)
    assert found.tolist() == best_of_all(factors, vector, is_open, count)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.sampled_from([1, 7, 64, 130]),
    scale=st.sampled_from([1e-30, 1e-3, 1.0, 1e12]),
    heavy=st.booleans(),
)
def test_rounding_loses_none_of_the_best(seed, width, scale, heavy):
    random = np.random.default_rng(seed)
    factors = random.normal(size=(3000, width)) * scale
    if heavy:
        # Of one large factor the others are less than a step.
        factors[:, 0] *= 1000
    factors = factors.astype(np.float32)
    vector = random.normal(size=width).astype(np.float32)
    vector[0] *= 0.001 if heavy else 1
    # In the precision that float32 has: which of two neighbours comes first is not asked here.
    exact = factors.astype(np.float64) @ vector.astype(np.float64)
    found = RoundedFactors(factors).best(vector, np.ones(3000, dtype=bool), 100)
    assert len({*found.tolist()}) == 100
    off = 2e-6 * np.abs(factors.astype(np.float64)) @ np.abs(vector.astype(np.float64))
    worst = np.sort(exact)[-100]
    assert (exact[found] >= worst - off[found] - off.max()).all()


@pytest.mark.parametrize("width", [2, 8, 33, 64, 130])
def test_of_equal_ones_the_first_come_first_wherever_they_stand(width):
    random = np.random.default_rng(width)
    for count in range(3, 40):
        factors = np.tile(random.normal(size=width).astype(np.float32), (count, 1))
        vector = random.normal(size=width).astype(np.float32)
        found = RoundedFactors(factors).best(vector, np.ones(count, dtype=bool), count)
        assert found.tolist() == list(range(count))


def test_scores_are_those_of_the_published_lists():
    matrix, model = fitted()
    rounded = RoundedFactors(model.item_factors)
    for user, vector in enumerate(model.user_factors):
        users = np.repeat(matrix.user_ids[user], matrix.item_ids.size)
        expected = score_pairs(model, matrix, users, matrix.item_ids)
        rows = np.arange(matrix.item_ids.size)
        assert rounded.scores(vector, rows).tolist() == expected.tolist()
        assert rounded.scores(vector, rows[::7]).tolist() == expected[::7].tolist()


def test_more_items_than_are_rounded_at_a_time(monkeypatch):
    monkeypatch.setattr(rounded_factors, "ROWS_AT_A_TIME", 50)
    random = np.random.default_rng(0)
    factors = random.normal(size=(203, 8)).astype(np.float32)
    vector, is_open = random.normal(size=8).astype(np.float32), random.random(203) < 0.5
    found = RoundedFactors(factors).best(vector, is_open, 20)
    assert found.tolist() == best_of_all(factors, vector, is_open, 20)


def test_a_mapped_file_that_nobody_may_write_is_read():
    factors = np.eye(3, dtype=np.float32)
    factors.flags.writeable = False
    rounded = RoundedFactors(factors)
    assert rounded.best(factors[1], np.ones(3, dtype=bool), 1).tolist() == [1]
    assert rounded.scores(factors[1], np.array([0, 1])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("items", "factors"), [(2, 3), (4, 3), (3, 2)])
def test_other_items_than_there_are_vectors_of_are_refused(items, factors):
    rounded = RoundedFactors(np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match=rf"\(3, 3\), got \({items}, {factors}\)"):
        rounded.best(np.ones(factors, dtype=np.float32), np.ones(items, dtype=bool), 1)
