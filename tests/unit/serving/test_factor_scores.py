"""The best items of a factorisation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving import factor_scores
from serving.factor_scores import scores_and_best

# Of few values, so that many scores are equal.
NUMBER = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])


@st.composite
def asked(draw):
    """Draw vectors of items and of users, which items are open, and how many are wanted."""
    items, users, factors = (draw(st.integers(1, most)) for most in (40, 3, 3))
    rows = [
        draw(st.lists(NUMBER, min_size=count * factors, max_size=count * factors))
        for count in (items, users)
    ]
    vectors = [np.array(row, dtype=np.float32).reshape(-1, factors) for row in rows]
    is_open = np.array(draw(st.lists(st.booleans(), min_size=items, max_size=items)))
    return *vectors, is_open, draw(st.integers(1, 50))


@settings(max_examples=200, deadline=None)
@given(asked())
def test_the_best_are_those_of_a_sort(case):
    factors, vectors, is_open, count = case
    scores, best = scores_and_best(factors, vectors, is_open, count)
    assert scores == pytest.approx(vectors @ factors.T)
    for own_scores, found in zip(scores, best, strict=True):
        order = np.lexsort((np.arange(len(factors)), -own_scores))
        assert found.tolist() == order[is_open[order]][:count].tolist()


def test_more_items_than_are_multiplied_at_a_time():
    random = np.random.default_rng(0)
    factors = random.normal(size=(2 * factor_scores.ROWS_AT_A_TIME + 3, 8)).astype(np.float32)
    vectors = random.normal(size=(2, 8)).astype(np.float32)
    scores, best = scores_and_best(factors, vectors, np.ones(len(factors), dtype=bool), 100)
    assert np.allclose(scores, vectors @ factors.T, atol=1e-5)
    for own_scores, found in zip(scores, best, strict=True):
        assert found.tolist() == np.argsort(-own_scores, kind="stable")[:100].tolist()


def test_a_mapped_file_that_nobody_may_write_is_read():
    factors = np.eye(3, dtype=np.float32)
    factors.flags.writeable = False
    scores, best = scores_and_best(factors, factors[:1], np.ones(3, dtype=bool), 1)
    assert scores.tolist() == [[1.0, 0.0, 0.0]]
    assert best[0].tolist() == [0]
