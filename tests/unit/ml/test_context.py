import numpy as np
import pandas as pd
import pytest

from ml.context import context_scores

PAIRS = pd.DataFrame(
    {
        "user_id": ["u1", "u2", "u2", "u3", "u4"],
        "item_id": ["a", "a", "b", "a", "b"],
    }
)
CONTEXTS = pd.DataFrame(
    [
        ("u1", "segment", "norway"),
        ("u2", "segment", "norway"),
        ("u3", "segment", "bhutan"),
        ("u4", "device", "norway"),
        ("new", "segment", "norway"),
        ("other", "segment", "mars"),
    ],
    columns=["user_id", "name", "value"],
)
ITEMS = np.array(["b", "untouched", "a"], dtype=object)


def scores(*users, prior=2.0):
    return context_scores(PAIRS, CONTEXTS, np.array(users, dtype=object), ITEMS, prior)


def test_items_count_by_their_share_where_the_context_is_the_same():
    # All: a 3/4, b 2/4. Norway, with two users of average taste: a (2 + 1.5)/4, b (1 + 1)/4.
    assert np.exp(scores("new")[0]) == pytest.approx([0.5, 0, 0.875])


def test_without_a_context_that_others_had_it_is_popularity():
    assert np.exp(scores("unknown", "other")) == pytest.approx(np.array([[0.5, 0, 0.75]] * 2))


def test_contexts_are_multiplied():
    contexts = pd.concat(
        [CONTEXTS, pd.DataFrame([("new", "device", "norway")], columns=CONTEXTS.columns)]
    )
    found = context_scores(PAIRS, contexts, np.array(["new"], dtype=object), ITEMS, 2.0)
    # On that device: b (1 + 1)/3, a 1.5/3; relative to all 4/3 and 2/3.
    assert np.exp(found[0]) == pytest.approx([0.5 * 4 / 3, 0, 0.875 * 2 / 3])


def test_a_prior_that_is_none_is_refused():
    with pytest.raises(ValueError, match="prior must be > 0, got 0"):
        scores("new", prior=0)
