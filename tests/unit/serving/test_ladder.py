"""Which list a user gets, and what recent events make of it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.bundle import Bundle
from serving.ladder import Wish, listed
from serving.taste import cutoff_of
from tests.unit.serving.recent import NOW, event
from tests.unit.serving.shop_release import BLANK_USERS, ITEM_IDS, USER_IDS, make_shop

SEGMENTED, BLANK = (USER_IDS[number] for number in BLANK_USERS)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("shop")))


def ids(bundle, listing, length=8):
    return [bundle.item_ids[entry.item] for entry in listing.entries[:length]]


def published(bundle, user_id):
    return [bundle.item_ids[i] for i in bundle.personal(bundle.user_row(user_id)).items.tolist()]


@pytest.mark.parametrize("user_id", [u for u in USER_IDS if u not in (SEGMENTED, BLANK)])
def test_without_new_events_the_list_is_the_published_one(bundle, user_id):
    listing = listed(bundle, Wish(user_id, 8), [], NOW)
    assert listing.fallback == "personal"
    assert ids(bundle, listing) == published(bundle, user_id)


@pytest.mark.parametrize("user_id", USER_IDS[:10])
def test_events_that_mean_nothing_to_the_release_change_nothing(bundle, user_id):
    # Of types that do not count, and of items that the release does not know.
    known = event(ITEM_IDS[0], "ping")
    listing = listed(bundle, Wish(user_id, 8), [known, event("brand new")], NOW)
    assert ids(bundle, listing) == published(bundle, user_id)


def test_a_click_takes_the_item_out_and_brings_what_goes_with_it_forward(bundle):
    user_id = USER_IDS[4]
    before = published(bundle, user_id)
    clicked = before[2]
    listing = listed(bundle, Wish(user_id, 8), [event(clicked, "purchase")], NOW)
    after = ids(bundle, listing)
    assert listing.fallback == "recent"
    assert listing.recent_events == 1
    assert clicked not in after
    follower = ITEM_IDS[ITEM_IDS.index(clicked) + 2]
    excluded = {bundle.item_ids[i] for i in bundle.excluded(4).tolist()}
    assert follower not in excluded, "choose another user"
    old = before.index(follower) if follower in before else len(before)
    assert after.index(follower) < old


def test_what_is_disliked_leaves_and_comes_back_when_it_is_bought(bundle):
    user_id = USER_IDS[4]
    first = published(bundle, user_id)[0]
    disliked = event(first, "dislike")
    assert first not in ids(bundle, listed(bundle, Wish(user_id, 40), [disliked], NOW), 40)


def test_where_items_repeat_a_seen_one_stays_and_a_disliked_one_leaves(tmp_path):
    bundle = Bundle.open(make_shop(tmp_path, repeats=True))
    user_id = USER_IDS[4]
    first, second = published(bundle, user_id)[:2]
    events = [event(first, "purchase"), event(second, "dislike")]
    shown = ids(bundle, listed(bundle, Wish(user_id, 40), events, NOW), 40)
    assert first in shown
    assert second not in shown


def test_a_stranger_who_clicks_gets_what_goes_with_it(bundle):
    listing = listed(bundle, Wish("stranger", 3), [event("i10")], NOW)
    assert listing.fallback == "session"
    assert ids(bundle, listing, 3) == ["i12", "i14", "i16"]
    assert all(bundle.item_ids[entry.evidence] == "i10" for entry in listing.entries[:3])


def test_the_newest_click_speaks_loudest(bundle):
    events = [event("i01", at=NOW - timedelta(minutes=2)), event("i20")]
    shown = ids(bundle, listed(bundle, Wish("stranger", 3), events, NOW), 2)
    assert shown[0] == "i22"


@pytest.mark.parametrize(
    ("user_id", "fallback", "first"),
    [(SEGMENTED, "segment", "i05"), (BLANK, "popular", "i00"), ("stranger", "popular", "i00")],
)
def test_who_is_not_known_gets_what_is_popular(bundle, user_id, fallback, first):
    listing = listed(bundle, Wish(user_id, 5), [], NOW)
    assert listing.fallback == fallback
    assert ids(bundle, listing)[0] == first


def test_a_category_and_excluded_items_are_respected(bundle):
    wish = Wish(USER_IDS[4], 10, category="kitchen", exclude=frozenset({"i01", "nothing"}))
    shown = ids(bundle, listed(bundle, wish, [event("i10")], NOW), 40)
    assert shown
    assert all(ITEM_IDS.index(item_id) % 2 == 1 for item_id in shown)
    assert "i01" not in shown


def test_who_has_seen_everything_gets_what_is_popular_all_the_same(bundle):
    events = [event(item_id) for item_id in ITEM_IDS]
    listing = listed(bundle, Wish(USER_IDS[4], 5), events, NOW)
    assert listing.fallback == "popular"
    assert ids(bundle, listing)[0] == "i00"


def test_pins_keep_their_rank_and_categories_their_limit(tmp_path):
    bundle = Bundle.open(make_shop(tmp_path, pinned={"i39": 2}, limits={"garden": 2}))
    users = [one for one in USER_IDS[:8] if "i39" in published(bundle, one)]
    assert len(users) > 2
    for user_id in users:
        clicked = published(bundle, user_id)[-1]
        shown = ids(bundle, listed(bundle, Wish(user_id, 8), [event(clicked)], NOW), 6)
        assert shown[1] == "i39"
        garden = [item_id for item_id in shown if ITEM_IDS.index(item_id) % 2 == 0]
        assert len(garden) <= 2


def test_without_a_ranker_recent_events_count_all_the_same(tmp_path):
    bundle = Bundle.open(make_shop(tmp_path, has_ranker=False))
    user_id = USER_IDS[4]
    clicked = published(bundle, user_id)[0]
    listing = listed(bundle, Wish(user_id, 8), [event(clicked, "purchase")], NOW)
    assert listing.fallback == "recent"
    assert clicked not in ids(bundle, listing)
    assert ids(bundle, listing) != published(bundle, user_id)[1:]


EVENTS = st.lists(
    st.builds(
        event,
        st.sampled_from([*ITEM_IDS, "brand new"]),
        st.sampled_from(["view", "purchase", "dislike", "ping", "unheard of"]),
        st.datetimes(datetime(2026, 2, 1), datetime(2026, 3, 2), timezones=st.just(UTC)),
    ),
    max_size=15,
)


@settings(max_examples=150, deadline=None)
@given(
    user_id=st.sampled_from([*USER_IDS, "stranger", ""]),
    events=EVENTS,
    length=st.integers(1, 45),
    category=st.sampled_from([None, "garden", "kitchen"]),
    exclude=st.frozensets(st.sampled_from(ITEM_IDS), max_size=12),
)
def test_the_contract_of_lists(bundle, user_id, events, length, category, exclude):
    listing = listed(bundle, Wish(user_id, length, category, exclude), events, NOW)
    shown = ids(bundle, listing, length)
    assert len(set(shown)) == len(shown)
    assert not exclude & set(shown)
    assert shown, "a known list is never empty"
    assert listing.fallback != "none"
    assert all(
        np.isfinite(e.score) and 0 <= e.score <= 1 for e in listing.entries if e.score is not None
    )
    if category:
        assert {bundle.category(ITEM_IDS.index(item_id)) for item_id in shown} == {category}
    row = bundle.user_row(user_id)
    seen = set() if row is None else {bundle.item_ids[i] for i in bundle.excluded(row).tolist()}
    cutoff = cutoff_of(bundle).timestamp()
    seen |= {
        one.item_id
        for one in events
        if one.landed_at >= cutoff and one.event_type in ("view", "purchase", "dislike")
    }
    allowed = {i for i in ITEM_IDS if category in (None, bundle.category(ITEM_IDS.index(i)))}
    if allowed - seen - exclude:
        assert not seen & set(shown)
        assert len(shown) >= min(length, len(allowed - seen - exclude))
