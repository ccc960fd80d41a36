import numpy as np
import pytest

from simulation.catalogue import CATEGORIES, NEVER, build_catalogue, unit
from simulation.config import WorldConfig
from simulation.randomness import Purpose, generator
from simulation.world import AGE_SHARES, COUNTRY_SHARES, build_world

CONFIG = WorldConfig(users=20_000, items=500, days=100, seed=6)


@pytest.fixture(scope="module")
def world():
    return build_world(CONFIG)


def test_streams_differ_by_purpose_and_key_and_not_otherwise():
    draws = {
        key: generator(1, *key).random()
        for key in [(Purpose.VISITS, 0, 0), (Purpose.VISITS, 0, 1), (Purpose.VISITS, 1, 0),
                    (Purpose.LISTS, 0, 0)]
    }  # fmt: skip
    assert len(set(draws.values())) == 4
    assert generator(1, Purpose.VISITS, 0, 1).random() == draws[(Purpose.VISITS, 0, 1)]
    assert generator(2, Purpose.VISITS, 0, 1).random() != draws[(Purpose.VISITS, 0, 1)]


def test_unit_by_hand():
    np.testing.assert_allclose(unit(np.array([[3.0, 4.0], [0.0, 2.0]])), [[0.6, 0.8], [0, 1]])


@pytest.mark.parametrize(
    ("items", "categories"), [(1, 1), (3, 3), (99, 4), (350, 14), (500, 20), (9_000, 20)]
)
def test_there_is_a_category_for_about_25_items(items, categories):
    catalogue = build_catalogue(WorldConfig(users=1, items=items, days=9, seed=0))
    counts = np.bincount(catalogue.categories)
    assert counts.size == categories
    assert counts.max() - counts.min() <= 1
    assert counts.size <= len(CATEGORIES)


def test_partners_are_of_the_next_category(world):
    categories = world.catalogue.categories
    following = (categories + 1) % 20
    for column in world.catalogue.complements.T:
        np.testing.assert_array_equal(categories[column], following)


def test_items_come_and_go_at_the_stated_shares(world):
    catalogue = world.catalogue
    new = catalogue.released_days >= 0
    ended = catalogue.discontinued_days != NEVER
    assert new.mean() == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 500))
    assert ended[~new].mean() == pytest.approx(0.10, abs=5 * np.sqrt(0.1 * 0.9 / 375))
    assert not ended[new].any()
    assert (catalogue.prices_eur > 0).all()


def test_one_item_is_always_on_offer():
    for seed in range(20):
        catalogue = build_catalogue(WorldConfig(users=1, items=1, days=9, seed=seed))
        assert catalogue.released_days[0] < 0
        assert catalogue.discontinued_days[0] == NEVER


def test_items_lie_near_the_centre_of_their_category(world):
    catalogue = world.catalogue
    match = catalogue.directions @ catalogue.centres.T
    own = match[np.arange(500), catalogue.categories]
    assert own.mean() > match.mean() + 0.5


def test_users_live_and_age_at_the_stated_shares(world):
    for found, shares in (
        (world.users.countries, COUNTRY_SHARES),
        (world.users.age_bands, AGE_SHARES),
    ):
        counts = np.bincount(found, minlength=len(shares)) / CONFIG.users
        np.testing.assert_allclose(counts, shares, atol=0.02)


def test_bots_are_the_stated_share(world):
    assert world.users.are_bots.sum() == round(CONFIG.dirt.bot_users * CONFIG.users) == 80


def test_users_sign_up_before_and_during_the_log(world):
    days = (world.users.signed_up_seconds - CONFIG.start_second) // 86_400
    np.testing.assert_array_equal(days, world.users.signed_up_days)
    assert (days < 0).mean() == pytest.approx(0.6, abs=0.02)
    assert days.max() == 99


def test_people_of_a_country_are_more_alike(world):
    tastes, countries = world.users.first_tastes, world.users.countries
    means = np.stack([tastes[countries == country].mean(axis=0) for country in range(6)])
    overall = tastes.mean(axis=0)
    assert np.linalg.norm(means - overall, axis=1).min() > 0.1
