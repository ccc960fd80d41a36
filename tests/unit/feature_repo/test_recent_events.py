"""What is stored of a user is read as it was written, or not at all."""

import pytest

from feature_repo import recent_events
from feature_repo.recent_events import (
    EventsReader,
    RecentEvent,
    UnreadableEventsError,
    decoded,
    encoded,
)

EVENTS = [
    RecentEvent(-62_135_596_800.0, 1.5, "e1", "größe 靴", "view", None),
    RecentEvent(1_700_000_000.25, 253_402_300_799.9, "e2", "", "purchase", 2.5),
]


def test_what_was_written_is_read_again():
    assert decoded(encoded(EVENTS)) == EVENTS
    assert decoded(encoded([])) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "empty"),
        (b"\xff", "UTF-8"),
        ("5", "int"),
        ("null", "NoneType"),
        ('{"abcdef": 1}', "occurred_at is str"),
        ("[5]", "int"),
        ('[[1.0, 1.0, "e", "i", "view"]]', "5 fields, not 6"),
        ('[[1.0, 1.0, "e", "i", "view", null, "new"]]', "7 fields, not 6"),
        ('[[1.0, 1.0, "e", "i", "view", null], [1.0]]', "shorter"),
        ('[["2026", 1.0, "e", "i", "view", null]]', "occurred_at is str"),
        ('[[1.0, null, "e", "i", "view", null]]', "landed_at is NoneType"),
        ('[[true, 1.0, "e", "i", "view", null]]', "occurred_at is bool"),
        ('[[1.0, 1.0, 7, "i", "view", null]]', "event_id is int"),
        ('[[1.0, 1.0, "e", "i", "view", null], [1, 2, "f", [], "view", 3]]', "item_id is list"),
        ('[[1.0, 1.0, "e", "i", ["view"], null]]', "event_type is list"),
        ('[[1.0, 1.0, "e", "i", "view", "5"]]', "value is str"),
        ('[[253402300800, 1.0, "e", "i", "view", null]]', "years 1 to 9999"),
        ('[[1.0, -62135596801, "e", "i", "view", null]]', "years 1 to 9999"),
    ],
)
def test_what_is_no_events_is_an_error_of_its_own(text, fault):
    with pytest.raises(UnreadableEventsError, match=fault):
        decoded(text)


def test_of_many_users_whose_events_cannot_be_read_one_is_told_of_at_a_time(monkeypatch, caplog):
    reader = EventsReader(decoded)
    for user_id in ("ann", "bob", "cy"):
        with pytest.raises(UnreadableEventsError):
            reader.read(user_id, b"5")
    assert reader.read_to_replace("ann", b"5") == []
    (told,) = caplog.messages
    assert "'ann'" in told
    monkeypatch.setattr(recent_events, "TOLD_SECONDS", 0.0)
    reader = EventsReader(decoded)
    for user_id in ("bob", "cy"):
        assert reader.read_to_replace(user_id, b"5") == []
    assert ["'bob'" in caplog.messages[1], "'cy'" in caplog.messages[2]] == [True, True]


def test_nothing_stored_is_no_fault(caplog):
    reader = EventsReader(decoded)
    assert [reader.read("ann", stored) for stored in (None, b"", b"[]")] == [[], [], []]
    assert caplog.messages == []
