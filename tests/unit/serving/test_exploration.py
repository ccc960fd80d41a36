"""The logged propensities are the frequencies, and weighting by them is unbiased."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from serving.entries import Entry
from serving.exploration import KEPT_SECONDS, chance_of, explored
from serving.settings import Exploration
from tests.unit.serving.propensities import told_propensities

DRAWS = 40_000
LIST = [Entry(item, None, "als") for item in range(10)]
RULE = Exploration(rate=0.4, rank=3, depth=4)


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def drawn(user_id="ann", release_id="r1", entries=LIST, rule=RULE, now=NOON):
    return explored(entries, rule, chance_of(user_id, release_id, entries, rule, now))[0]


def draws(entries=LIST, rule=RULE, count=DRAWS):
    """Explore the list for as many users, ten in each of many hours."""
    return [
        drawn(f"u{number}", entries=entries, rule=rule, now=NOON + timedelta(hours=number // 10))
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def shown():
    return draws()


def test_each_item_stands_at_a_place_as_often_as_its_propensity_says(shown):
    told = told_propensities(shown)
    # Worked by hand: a tenth for each of four, and the owner keeps what is left.
    assert told[2, 2] == pytest.approx(0.7)
    assert told[2, 5] == told[5, 2] == pytest.approx(0.1)
    assert told[4, 4] == pytest.approx(0.9)
    assert told[0, 0] == told[9, 9] == 1.0


def test_the_propensities_of_a_place_sum_to_one(shown):
    by_place: dict = {}
    for entries in shown:
        for place, entry in enumerate(entries):
            by_place.setdefault(place, {})[entry.item] = entry.propensity
    assert all(sum(told.values()) == pytest.approx(1) for told in by_place.values())


def test_weighting_by_the_inverse_propensity_values_another_policy_without_bias(shown):
    # Clicks depend on the item alone; the other policy always shows item 5 at the third place.
    chance = np.random.default_rng(3)
    appeal = np.linspace(0.05, 0.5, 10)
    values = [
        (entries[2].item == 5) / entries[2].propensity * (chance.random() < appeal[5])
        for entries in shown
    ]
    error = np.std(values) / np.sqrt(DRAWS)
    assert abs(np.mean(values) - appeal[5]) < 4 * error
    # Without the weights the estimate would be the share of the draws that showed it.
    naive = np.mean([(entries[2].item == 5) * appeal[5] for entries in shown])
    assert abs(naive - appeal[5]) > 20 * error


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_list_too_short_to_swap_stays_as_it_is(count):
    entries, has_changed = explored(LIST[:count], Exploration(1.0, 3, 4), random.Random(1))
    assert entries == LIST[:count]
    assert not has_changed


def test_a_list_explores_alike_for_an_hour():
    for number in range(100):
        lists = [
            drawn(f"u{number}", now=NOON + timedelta(seconds=seconds))
            for seconds in (0, 1, KEPT_SECONDS - 1e-3)
        ]
        assert lists[0] == lists[1] == lists[2]


@pytest.mark.parametrize(
    "changed",
    [
        {"now": NOON + timedelta(seconds=KEPT_SECONDS)},
        {"now": NOON - timedelta(seconds=1e-3)},
        {"release_id": "r2"},
        # The item at the first place has left, as after a click on it.
        {"entries": [*LIST[1:], Entry(10, None, "als")]},
    ],
)
def test_what_is_drawn_for_one_list_says_nothing_about_the_draw_for_another(changed):
    # Of the place drawn, from 0 for the owner, in the list and in the changed one.
    joint = np.zeros((4, 4))
    for number in range(DRAWS // 4):
        lists = (LIST, changed.get("entries", LIST))
        answers = (drawn(f"u{number}"), drawn(f"u{number}", **changed))
        places = [
            [one.item for one in entries].index(answer[2].item) - 2
            for entries, answer in zip(lists, answers, strict=True)
        ]
        joint[tuple(places)] += 1
    share = joint / joint.sum()
    expected = np.outer([0.7, 0.1, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1])
    deviation = np.sqrt(expected * (1 - expected) / joint.sum())
    assert (abs(share - expected) < 5 * deviation).all()


def test_no_item_is_lost_or_doubled(shown):
    assert all(
        sorted(entry.item for entry in entries) == list(range(10)) for entries in shown[:500]
    )


def test_a_pinned_place_is_not_given_away():
    pinned = [*LIST[:3], LIST[3]._replace(source="pinned"), *LIST[4:]]
    assert all(entries == pinned for entries in draws(pinned, count=100))


def test_without_exploration_nothing_changes():
    assert draws(rule=Exploration(), count=1) == [LIST]


@pytest.mark.parametrize(
    ("name", "value"), [("rate", 1.1), ("rate", -0.1), ("rank", 0), ("depth", 0)]
)
def test_what_is_no_chance_and_no_place_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        Exploration(**{name: value})
