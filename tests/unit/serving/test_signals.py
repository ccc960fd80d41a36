"""What factorisation and co-visitation say of a user at a moment."""

import gc
import weakref

import numpy as np
import pandas as pd
import pytest

from ml.als import fit_als
from ml.interactions import build_interaction_matrix
from serving.bundle import Bundle
from serving.ranked import ranked_entries
from serving.signals import KNOWN_STRENGTH, Liking, folded_in, signals_at_cutoff, signals_of
from serving.taste import NOTHING, taste_of
from tests.unit.serving.recent import NOW, event
from tests.unit.serving.shop_release import PARAMS, USER_IDS, interactions, make_shop


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("shop")))


def test_folding_in_equals_fitting_the_row_of_the_user_anew(bundle):
    user_id = USER_IDS[4]
    events = [event("i10", "purchase"), event("i31", "view")]
    taste = taste_of(bundle, user_id, events, NOW)
    vector = folded_in(bundle, *taste.items)

    # The same user with the new weights, solved by the training itself, items held fixed.
    rows = interactions()
    rows = rows[rows["user_id"] == user_id]
    added = pd.DataFrame(
        [(user_id, "i10", 5.0), (user_id, "i31", 1.0)], columns=["user_id", "item_id", "weight"]
    )
    rows = pd.concat([rows, added]).groupby(["user_id", "item_id"], as_index=False).sum()
    items = bundle.als.item_factors.astype(np.float64)
    matrix = build_interaction_matrix(interactions())
    weights = np.zeros(len(matrix.item_ids))
    weights[np.searchsorted(matrix.item_ids.astype(str), rows["item_id"].to_numpy(str))] = rows[
        "weight"
    ]
    left = (items.T * (PARAMS.unobserved_weight + weights)) @ items
    size = weights.sum() + PARAMS.unobserved_weight * len(items)
    ridge = PARAMS.regularization * (size / bundle.als.mean_user_size) ** PARAMS.frequency_exponent
    expected = np.linalg.solve(left + ridge * np.eye(PARAMS.factors), items.T @ weights)
    np.testing.assert_allclose(vector, expected, rtol=1e-4)


def test_folding_in_the_history_alone_gives_the_vector_of_the_training(bundle):
    matrix = build_interaction_matrix(interactions())
    model = fit_als(matrix, PARAMS)
    for user_id in USER_IDS[:8]:
        taste = taste_of(bundle, user_id, [], NOW)
        row = int(np.flatnonzero(matrix.user_ids == user_id)[0])
        np.testing.assert_allclose(
            folded_in(bundle, *taste.items), model.user_factors[row], rtol=2e-3, atol=1e-4
        )


def test_signals_propose_what_is_not_barred_and_nothing_without_a_history(bundle):
    liking = Liking(*taste_of(bundle, USER_IDS[4], [], NOW).items, {1: 1.0})
    free = signals_of(bundle, liking, NOTHING)
    barred = free.als_order[:2]
    found = signals_of(bundle, liking, barred)
    assert found.als_order.tolist() == free.als_order[2:].tolist()
    assert found.als(bundle, barred) == pytest.approx(free.als(bundle, barred))
    nobody = signals_of(bundle, Liking(NOTHING, np.empty(0), {}), NOTHING)
    assert nobody.vector is None
    assert not nobody.als_order.size
    assert np.isnan(nobody.als(bundle, barred)).all()


def test_a_release_that_nobody_has_any_more_is_let_go_of_at_once(tmp_path):
    release = Bundle.open(make_shop(tmp_path))
    taste = taste_of(release, USER_IDS[4], [event("i10", "purchase")], NOW)
    assert ranked_entries(release, taste, NOTHING, NOW.timestamp())[1] > 0
    held = weakref.ref(release)
    # As in a process that serves: what is there once it is warm is never searched for garbage.
    gc.disable()
    try:
        del release
        assert held() is None
    finally:
        gc.enable()


def test_signals_at_the_cutoff_are_those_of_the_history_whoever_asked_before(bundle):
    for user in (4, 5, 4):
        found = signals_at_cutoff(bundle, user)
        strengths = dict.fromkeys(bundle.history(user)[0].tolist(), KNOWN_STRENGTH)
        liking = Liking(*bundle.history(user), strengths)
        alone = signals_of(bundle, liking, bundle.excluded(user))
        assert found.vector.tolist() == alone.vector.tolist()
        assert found.als_order.tolist() == alone.als_order.tolist()
        assert found.covisited.scores.tolist() == alone.covisited.scores.tolist()
        assert not {*found.als_order.tolist()} & {*bundle.excluded(user).tolist()}
