"""What the ranker is told of a user and some items, at a request."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from feature_repo.recent_events import RecentEvent
from serving.activity import ACTIVITY
from serving.bundle import Bundle
from serving.ranker_inputs import RankerInputs
from serving.refreshing import activity_row, known_before
from serving.signals import Liking, signals_of
from serving.taste import NOTHING, taste_of
from tests.unit.serving.shop_release import BLANK_USERS, USER_IDS, make_shop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("blend_score", "als_score", "covisited_ratio")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("shop")))


def test_the_blend_adds_up_shares_of_what_each_source_says_best(bundle):
    taste = taste_of(bundle, USER_IDS[4], [], NOW)
    strengths = dict.fromkeys(taste.history.tolist(), 1.0)
    signals = signals_of(bundle, Liking(*taste.items, strengths), NOTHING)
    items = np.arange(bundle.item_count)
    inputs = RankerInputs(bundle, NAMES, taste, items).at(taste, signals, NOW.timestamp())
    blend, als, covisited = inputs.T
    settings = bundle.manifest.get("settings", {})
    weights = [float(settings.get(f"sql.blend_{name}_weight", 1)) for name in ("als", "covisited")]
    positive = np.clip(np.nan_to_num(als), 0, None)
    expected = weights[0] * positive / positive.max() + weights[1] * np.nan_to_num(covisited)
    assert positive.max() > 0
    assert np.nan_to_num(covisited).max() == 1
    assert np.nan_to_num(blend) == pytest.approx(expected)
    assert np.isnan(blend[expected == 0]).all()


CUTOFF = datetime(2026, 3, 1, tzinfo=UTC)
LATER = CUTOFF + timedelta(days=3)
AT_CUTOFF = {
    "interaction_count": 9.0,
    "interaction_count_7d": 2.0,
    "interaction_count_28d": 4.0,
    "positive_count": 5.0,
    "positive_count_28d": 1.0,
    "positive_count_84d": 3.0,
    "item_count": 6.0,
    "item_count_28d": 3.0,
    "days_since_last": 2.0,
    "days_since_first": 100.0,
    "interactions_per_item": 1.5,
}


def event(item_id, kind="view", days_ago=0.0, landed_days_ago=None):
    at = (LATER - timedelta(days=days_ago)).timestamp()
    landed = (
        at if landed_days_ago is None else (LATER - timedelta(days=landed_days_ago)).timestamp()
    )
    return RecentEvent(at, landed, f"{item_id} {kind} {days_ago}", item_id, kind)


@pytest.fixture(scope="module")
def active(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("active"), activity=AT_CUTOFF))


def activity_inputs(bundle, user_id, events):
    """Return what the ranker is told of a user's activity."""
    taste = taste_of(bundle, user_id, events, LATER)
    names = tuple(f"user_activity__{name}" for name in ACTIVITY)
    signals = signals_of(bundle, Liking(*taste.items, {}), NOTHING)
    told = RankerInputs(bundle, names, taste, np.arange(2))
    inputs = told.at(taste, signals, LATER.timestamp())
    assert np.array_equal(inputs[0], inputs[1])
    return dict(zip(ACTIVITY, inputs[0].tolist(), strict=True))


RECENT = [event("i01", "purchase", 0.5), event("i03", "view", 1.0)]
LATE = [event("i05", "purchase", 10.0, 0.1), event("i07", "view", 300.0, 0.1)]
UNKNOWN = [event("brand new", "purchase", 0.2)]
OLD = [event("i09", "view", 20.0)]


@pytest.mark.parametrize(
    "events",
    [RECENT, LATE, [*LATE, *UNKNOWN], [*RECENT, *LATE, *UNKNOWN, *OLD]],
    ids=["recent", "late", "late and unknown", "all"],
)
@pytest.mark.parametrize("user_id", [USER_IDS[4], USER_IDS[7], USER_IDS[BLANK_USERS[1]]])
def test_the_ranker_reads_the_activity_that_a_micro_batch_writes(active, user_id, events):
    row = activity_row(active, user_id, known_before(active, events, LATER), LATER)
    told = activity_inputs(active, user_id, events)
    assert told == pytest.approx({name: row[name] for name in ACTIVITY})


def test_late_events_count_where_they_happened(active):
    events = [event("i01", "purchase", 10.0, 0.1), event("brand new", "view", 300.0, 0.1)]
    told = activity_inputs(active, USER_IDS[BLANK_USERS[1]], events)
    # Worked by hand from the values at the cutoff, three days ago.
    assert told == pytest.approx(
        {
            "interaction_count": 11,
            "interaction_count_7d": 2,
            "interaction_count_28d": 5,
            "positive_count": 6,
            "positive_count_28d": 2,
            "positive_count_84d": 4,
            "item_count": 8,
            "item_count_28d": 4,
            "days_since_last": 5,
            "days_since_first": 300,
            "interactions_per_item": 11 / 8,
        }
    )


def test_an_item_that_the_release_only_excludes_is_not_new(tmp_path):
    bundle = Bundle.open(make_shop(tmp_path, activity=AT_CUTOFF))
    user_id = USER_IDS[4]
    item_id = bundle.item_ids[int(bundle.excluded(4)[0])]
    emptied = bundle.arrays["history_starts"].copy()
    emptied[:] = 0
    bundle = replace(bundle, arrays={**bundle.arrays, "history_starts": emptied})
    assert activity_inputs(bundle, user_id, [event(item_id)])["item_count"] == 6


def test_without_events_only_the_days_go_on(active):
    told = activity_inputs(active, USER_IDS[4], [])
    assert told == pytest.approx({**AT_CUTOFF, "days_since_last": 5.0, "days_since_first": 103.0})
