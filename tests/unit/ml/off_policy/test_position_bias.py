from dataclasses import fields, replace

import numpy as np
import pytest

from ml.off_policy.log import LoggedActions
from ml.position_bias import Examination, estimate_examination, position_weights


@pytest.fixture(scope="module")
def examination(shop):
    return estimate_examination(shop.log)


@pytest.fixture(scope="module")
def planted(shop):
    decay = shop.world.config.habits.examination_decay
    return 1 / (1 + decay * np.arange(10))


def test_the_planted_examination_is_found(examination, planted):
    held = (examination.lower <= planted) & (planted <= examination.upper)
    # The first place holds it by definition; of the nine others, a miss or two happens by chance.
    assert held.sum() >= 8
    np.testing.assert_allclose(examination.values, planted, rtol=0.1)


def test_raw_click_rates_are_further_off(shop, examination, planted):
    log = shop.log
    raw = np.bincount(log.places, log.outcomes)[1:] / np.bincount(log.places)[1:]
    error = np.abs(examination.values - planted).mean()
    assert error < 0.7 * np.abs(raw / raw[0] - planted).mean()


def test_lists_without_chance_beside_drawn_ones_change_nothing(shop, examination, planted):
    drawn, certain = shop.log, shop.certain
    both = LoggedActions(
        *(
            np.concatenate([getattr(drawn, field.name), getattr(certain, field.name)])
            for field in fields(LoggedActions)
        )
    )
    assert (certain.propensities == 1).all()
    found = estimate_examination(both)
    assert found.clicks.tolist() == examination.clicks.tolist()
    np.testing.assert_allclose(found.values, planted, rtol=0.1)
    # Clicks on the lists without chance say as much of the items of each place as of the place.
    raw = np.bincount(certain.places, certain.outcomes)[1:]
    assert (np.abs(raw / raw[0] / planted - 1) > 0.1).sum() > 3


def test_two_places_by_hand():
    # Each item half of the time at each place; 40 of 100 clicks first, 30 of 100 second.
    clicks = np.r_[np.ones(40), np.zeros(60), np.ones(30), np.zeros(70)]
    log = LoggedActions(
        users=np.arange(200),
        requests=np.arange(200),
        places=np.repeat([1, 2], 100),
        actions=np.tile([0, 1], 100),
        propensities=np.full(200, 0.5),
        outcomes=clicks,
    )
    found = estimate_examination(log)
    assert found.values.tolist() == [1.0, pytest.approx(0.75)]
    assert found.clicks.tolist() == [40, 30]
    assert found.lower[1] < 0.75 < found.upper[1]
    rare = estimate_examination(replace(log, outcomes=np.where(np.arange(200) > 128, 0, clicks)))
    assert np.isnan(rare.values[1])


def test_lists_without_chance_are_refused(shop):
    certain = replace(shop.log, propensities=np.ones(shop.log.size))
    with pytest.raises(ValueError, match="every propensity is 1 or missing"):
        estimate_examination(certain)
    unknown = replace(shop.log, propensities=np.full(shop.log.size, np.nan))
    with pytest.raises(ValueError, match="every propensity is 1 or missing"):
        estimate_examination(unknown)


def places_with_items(*counts):
    """As many clicks everywhere, and at each place so many items that chance could put there."""
    size = 400
    return LoggedActions(
        users=np.arange(size * len(counts)),
        requests=np.arange(size * len(counts)),
        places=np.repeat(np.arange(1, len(counts) + 1), size),
        actions=np.zeros(size * len(counts), dtype=int),
        propensities=np.repeat(1 / np.array(counts), size),
        outcomes=np.tile(np.arange(size) % 4 == 0, len(counts)).astype(float),
    )


def test_a_place_that_other_items_stand_at_is_left_out():
    found = estimate_examination(places_with_items(10, 10, 2))
    assert found.values[:2].tolist() == [1, pytest.approx(1)]
    assert np.isnan(found.values[2])


def test_lists_of_which_only_one_place_is_drawn_are_refused():
    # As when one place is given away: ten items could stand there, one or two at the others.
    with pytest.raises(ValueError, match="chance put other items at the first place"):
        estimate_examination(places_with_items(10, 2, 1))


def test_too_few_clicks_are_refused(shop):
    with pytest.raises(ValueError, match="the first place has 0 clicks on what chance put"):
        estimate_examination(replace(shop.log, outcomes=np.zeros(shop.log.size)))


def examined(values):
    places = np.arange(1, len(values) + 1)
    numbers = np.array(values)
    return Examination(places, numbers, numbers, numbers, np.full(len(values), 100))


def test_weights_are_the_inverse_and_bounded():
    found = position_weights(examined([1.0, 0.5, 0.01]), np.array([1, 2, 3, 1]))
    assert found.tolist() == [1, 2, 10, 1]


def test_a_place_without_an_estimate_counts_as_the_one_above():
    found = position_weights(examined([1.0, 0.5, np.nan, 0.25]), np.array([3, 4, 9]))
    assert found.tolist() == [2, 4, 4]


def test_weights_that_shrink_a_click_are_refused():
    with pytest.raises(ValueError, match=r"most must be >= 1, got 0\.5"):
        position_weights(examined([1.0]), np.array([1]), most=0.5)
    with pytest.raises(ValueError, match="places must be >= 1, got 0"):
        position_weights(examined([1.0]), np.array([0]))
