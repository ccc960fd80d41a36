import numpy as np
import pandas as pd
import pytest

from ml.impression_labels import (
    examination_of,
    impression_rows,
    label_weights,
    sample_with_shown,
    time_split_rows,
)
from ml.position_bias import Examination, position_weights
from ml.ranker_params import RankerParams
from ml.ranking import fit_ranker, score_frame

PLACES = 10
CURVE = 1 / (1 + 0.5 * np.arange(PLACES))
FEATURES = ["taste", "shelf"]


def examined(*values):
    numbers = np.array(values)
    places = np.arange(1, len(values) + 1)
    return Examination(places, numbers, numbers, numbers, np.full(len(values), 100))


def rows(**columns):
    size = len(next(iter(columns.values())))
    nothing = {
        "is_relevant": [False] * size,
        "shown_rank": [None] * size,
        "chosen_rank": [None] * size,
        "has_impressions": [True] * size,
    }
    ranks = dict.fromkeys(["shown_rank", "chosen_rank"], np.float64)
    return pd.DataFrame({**nothing, **columns}).astype(ranks)


def test_what_was_taken_counts_by_its_place_and_what_was_ignored_counts_once():
    frame = rows(
        is_relevant=[True, True, False, False],
        shown_rank=[1, 3, 1, 3],
        chosen_rank=[1, 3, None, None],
    )
    weights = label_weights(frame, examined(1.0, 0.5, 0.25), unshown_weight=0.2)
    assert weights.tolist() == [1, 4, 1, 1]


def test_what_was_taken_from_a_low_place_counts_by_it_though_another_list_had_it_higher():
    frame = rows(is_relevant=[True], shown_rank=[1], chosen_rank=[3])
    weights = label_weights(frame, examined(1.0, 0.5, 0.25), unshown_weight=0.2)
    assert weights.tolist() == [4]


def test_what_no_impression_led_to_counts_as_in_a_time_split():
    # Taken without being shown, and shown but taken before that or much later.
    frame = rows(is_relevant=[True, True], shown_rank=[None, 2])
    assert label_weights(frame, examined(1.0, 0.5), unshown_weight=0.2).tolist() == [1, 1]


def test_what_was_not_shown_is_unknown_unless_its_user_was_shown_nothing():
    frame = rows(is_relevant=[False, False], has_impressions=[True, False])
    assert label_weights(frame, examined(1.0), unshown_weight=0.2).tolist() == [0.2, 1]


def test_without_a_curve_every_place_counts_as_the_first():
    frame = rows(is_relevant=[True, False], shown_rank=[9, 9], chosen_rank=[9, None])
    assert label_weights(frame, None, unshown_weight=0.2).tolist() == [1, 1]


def test_a_weight_is_bounded_however_seldom_a_place_is_looked_at():
    frame = rows(is_relevant=[True], shown_rank=[2], chosen_rank=[2])
    assert label_weights(frame, examined(1.0, 0.001), unshown_weight=1.0).tolist() == [10]


def test_all_that_was_shown_comes_beside_the_sample_and_stands_for_itself():
    size = 400
    frame = rows(
        item_id=[f"i{n}" for n in range(size)],
        is_relevant=[n < 10 for n in range(size)],
        shown_rank=[1.0 if n % 4 == 0 else None for n in range(size)],
    )
    plain = sample_with_shown(frame.drop(columns="shown_rank"), ["item_id"], 0.25, 0)
    sample = sample_with_shown(frame, ["item_id"], 0.25, 0)
    # A ranker that a time split teaches sees what it would see without impressions.
    alone = time_split_rows(sample)
    assert alone["item_id"].tolist() == plain["item_id"].tolist()
    assert alone["sample_weight"].tolist() == plain["sample_weight"].tolist()
    assert frame.loc[frame["shown_rank"].notna(), "item_id"].isin(sample["item_id"]).all()
    taught = impression_rows(sample).set_index("item_id")["sample_weight"]
    assert set(taught[[f"i{n}" for n in range(0, size, 4)]]) == {1.0}
    unshown = [name for name in taught.index if int(name[1:]) % 4 and int(name[1:]) >= 10]
    assert set(taught[unshown]) == {4.0}


def logged(lists, seed, *, spread):
    """Draw lists of ten by `shelf`, clicked by `taste` where they are looked at."""
    random = np.random.default_rng(seed)
    taste, shelf = random.normal(size=(2, lists, PLACES))
    relevance = 1 / (1 + np.exp(1.5 - 1.2 * taste))
    order = np.argsort(-(spread * shelf + random.gumbel(size=shelf.shape)), axis=1)
    taste, shelf, relevance = (
        np.take_along_axis(values, order, axis=1) for values in (taste, shelf, relevance)
    )
    chances = np.exp(spread * shelf)
    left = np.cumsum(chances[:, ::-1], axis=1)[:, ::-1]
    clicked = random.random(shelf.shape) < relevance * CURVE
    return pd.DataFrame(
        {
            "request_id": np.repeat(np.arange(lists), PLACES),
            "user_id": np.repeat([f"u{n}" for n in range(lists)], PLACES),
            "item_id": [f"i{n}" for n in range(lists * PLACES)],
            "shown_rank": np.tile(np.arange(1.0, PLACES + 1), lists),
            "propensity_kind": "conditional",
            "propensity": (chances / left).ravel(),
            "taste": taste.ravel(),
            "shelf": shelf.ravel(),
            "relevance": relevance.ravel(),
            "is_clicked": clicked.ravel(),
            "is_relevant": clicked.ravel(),
            "chosen_rank": np.where(clicked, np.arange(1.0, PLACES + 1), np.nan).ravel(),
            "has_impressions": True,
        }
    )


def test_items_at_random_places_give_the_curve():
    examination, words = examination_of(logged(15000, seed=3, spread=0.0))
    assert words == "places corrected by inverse propensities"
    found = 1 / position_weights(examination, np.arange(1, PLACES + 1))
    np.testing.assert_allclose(found, CURVE, rtol=0.12)


def test_the_curve_does_not_depend_on_the_order_of_the_log():
    log = logged(2000, seed=3, spread=0.5)
    first, _ = examination_of(log)
    second, _ = examination_of(log.sample(frac=1, random_state=1))
    assert first.values.tolist() == second.values.tolist()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"propensity": 1.0}, "every propensity is 1 or missing"),
        ({"propensity": None}, "every propensity is 1 or missing"),
        ({"is_clicked": False}, "the first place has 0 clicks on what chance put there"),
    ],
)
def test_a_log_that_cannot_tell_says_why(change, reason):
    examination, words = examination_of(logged(50, seed=4, spread=0.5).assign(**change))
    assert examination is None
    assert words.startswith("places not corrected: ")
    assert reason in words


def test_the_corrected_ranker_is_closer_to_the_relevance_than_one_of_raw_clicks():
    log, fresh = logged(6000, seed=5, spread=1.0), logged(1000, seed=6, spread=1.0)
    examination, _ = examination_of(log)
    params = RankerParams(learning_rate=0.1, iterations=80)

    def closeness(weights):
        ranker = fit_ranker(
            log,
            log["is_relevant"].to_numpy(),
            FEATURES,
            log["user_id"].to_numpy(),
            params,
            label_weights=weights,
        )
        scores = score_frame(ranker, fresh)["raw_score"]
        return scores.corr(fresh["relevance"], method="spearman")

    raw = closeness(None)
    corrected = closeness(label_weights(log, examination, unshown_weight=1.0))
    # Raw clicks make the place look like taste: the shop put there what its shelf says.
    assert corrected > 0.97
    assert corrected > raw + 0.03
