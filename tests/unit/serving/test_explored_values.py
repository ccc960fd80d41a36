"""What the log of an exploring application says of lists that were served is what they earn."""

import random
from datetime import UTC, datetime

import numpy as np
import orjson
import pandas as pd
import pytest

from ml.off_policy.frames import logged_actions, same_list_for_all
from ml.off_policy.values import OffPolicyParams, off_policy_values
from serving.entries import Entry
from serving.exploration import explored
from serving.impressions import impression_lines
from serving.settings import Exploration

ITEMS = np.array([f"i{number:02}" for number in range(30)], dtype=object)
OFFERED = [Entry(number, None, "als") for number in range(30)]
LENGTH = 10
LISTS = 8_000
APPEAL = np.random.default_rng(5).uniform(0.05, 0.6, ITEMS.size)
EXAMINED = 1 / (1 + 0.12 * np.arange(LENGTH))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
# What is always served, and two lists that differ from it where the application explores.
SERVED = np.arange(LENGTH)
SWAPPED = np.array([0, 1, 2, 3, 6, 5, 4, 7, 8, 9])
NEWCOMER = np.array([0, 1, 2, 3, 17, 5, 6, 7, 8, 9])


def impressions(exploration: Exploration) -> pd.DataFrame:
    """Land lists as the application does, looked at from the top, clicked by appeal."""
    chance, clicks = random.Random(2), np.random.default_rng(3)
    rows = []
    for number in range(LISTS):
        entries, _ = explored(OFFERED, exploration, chance)
        shown = [
            b'"item_id":"%b","rank":%d' % (ITEMS[entry.item].encode(), rank)
            for rank, entry in enumerate(entries[:LENGTH], start=1)
        ]
        request = {"request_id": f"r{number}", "user_id": f"u{number % 2_000}"}
        propensities = [entry.propensity for entry in entries[:LENGTH]]
        lines = impression_lines(request, shown, propensities, NOW)
        rows += map(orjson.loads, lines.splitlines())
    frame = pd.DataFrame(rows).rename(columns={"rank": "shown_rank"})
    numbers = np.searchsorted(ITEMS, frame["item_id"].to_numpy())
    chances = APPEAL[numbers] * EXAMINED[frame["shown_rank"].to_numpy() - 1]
    return frame.assign(is_clicked=clicks.random(len(frame)) < chances)


def values(frame: pd.DataFrame, listed: np.ndarray) -> pd.DataFrame:
    target = same_list_for_all(frame, ITEMS, ITEMS[listed])
    log = logged_actions(frame, ITEMS, "is_clicked")
    found = off_policy_values(log, {"list": target}, OffPolicyParams(resamples=300))
    return found[found["places"] == "all"].set_index("estimator")


@pytest.fixture(scope="module")
def seldom() -> pd.DataFrame:
    """Give a place of one list in twenty away, as the guide does."""
    return impressions(Exploration(rate=0.05))


@pytest.fixture(scope="module")
def often() -> pd.DataFrame:
    """Draw enough to value what is served to nobody."""
    return impressions(Exploration(rate=0.5))


def test_every_place_of_the_served_list_weighs_one(seldom):
    log = logged_actions(seldom, ITEMS, "is_clicked")
    weights = same_list_for_all(seldom, ITEMS, ITEMS[SERVED]).of(log.actions) / log.propensities
    means = np.bincount(log.places, weights)[1:] / LISTS
    # A chance of 0.0475 at the fifth place, of 0.0025 at the others: five standard errors.
    np.testing.assert_allclose(means, 1, atol=5 * np.sqrt(0.0475 / LISTS))


@pytest.mark.parametrize(
    ("rate", "listed"),
    [("seldom", SERVED), ("often", SERVED), ("often", SWAPPED), ("often", NEWCOMER)],
    ids=["served", "served, often drawn", "swapped", "newcomer"],
)
def test_whole_lists_are_valued_at_what_they_earn(rate, listed, request):
    truth = float((APPEAL[listed] * EXAMINED).mean())
    found = values(request.getfixturevalue(rate), listed)
    assert found["refusal"].isna().all()
    for estimator in ("ips", "snips", "dr"):
        row = found.loc[estimator]
        assert abs(row["value"] - truth) < 4 * row["standard_error"], estimator
        assert row["standard_error"] < 0.1 * truth


def test_at_the_rate_of_the_guide_hardly_an_impression_of_the_served_list_is_lost(seldom):
    assert values(seldom, SERVED).loc["snips", "effective_count"] > 0.9 * LISTS * LENGTH
