"""What the application landed is in the tables, each event once, however often it came."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from serving.contracts import Event
from serving.events import landing_row
from serving.impressions import impression_lines
from serving.landing import LandingLog, landed_rows

pytestmark = pytest.mark.integration
STAGING = (
    "run",
    "--select",
    "stg_events__interactions",
    "stg_events__deliveries",
    "stg_events__rejected",
    "stg_impressions__shown",
    "int_interactions",
    "int_log_end",
    "--full-refresh",
)


def land(log: LandingLog, now: datetime, **event: str) -> None:
    """Land an event as the application does."""
    told = {"user_id": "ann", "item_id": "i0001", "event_type": "view", **event}
    log.append([landing_row(Event(**told), now)]).result(10)


def land_before_during_and_after(log: LandingLog, now: datetime) -> None:
    """Land four events a second, of ten minutes of which the build begins and ends in one."""
    moments = [now + timedelta(seconds=step / 4) for step in range(2400)]
    events = [
        (Event(user_id="bob", item_id="i0001", event_type="view", event_id=str(step)), moment)
        for step, moment in enumerate(moments)
    ]
    log.append([landing_row(event, moment) for event, moment in events]).result(10)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory, sample_mapping, dbt_build) -> Path:
    """Staging of the sample, now, with events that were landed twice and torn."""
    # A name that is a pattern, which the other home's would match.
    home, other_home = (tmp_path_factory.mktemp("landed") / name for name in ("[shop] *", "s 2"))
    elsewhere = LandingLog(other_home / "sample" / "landing" / "events")
    land(elsewhere, datetime.now(UTC) - timedelta(minutes=5), event_id="elsewhere")
    elsewhere.close()
    landing = home / "sample" / "landing"
    now = datetime.now(UTC) - timedelta(minutes=5)
    log = LandingLog(landing / "events")
    for _ in range(3):
        land(log, now, event_id="twice", occurred_at="2026-03-02T10:00:00+01:00")
    # Sent again a minute later: the one that was known first counts.
    land(log, now + timedelta(minutes=1), event_id="twice", item_id="other")
    land(log, now, event_id="of the sample")
    land(log, now, event_id="unknown", event_type="unheard of")
    land(log, datetime.now(UTC) + timedelta(hours=1), event_id="later")
    land_before_during_and_after(log, datetime.now(UTC) - timedelta(minutes=1))
    log.close()
    other = LandingLog(landing / "events")
    land(other, now + timedelta(seconds=30), event_id="twice")
    land(other, now, event_id="once")
    other.close()
    (landing / "events" / "20260301T00-1-torn.jsonl").write_bytes(b'{"event_id": "torn", "user_')
    (landing / "events" / "20260301T00-1-zero.jsonl").write_bytes(b"\0" * 100)
    shown = LandingLog(landing / "impressions")
    request = {
        "request_id": "r1",
        "user_id": "ann",
        "surface": "Home",
        "release_id": "release-1",
        "variant": "canary",
        "fallback": "recent",
        "is_degraded": True,
        "duration_ms": 12.5,
    }
    items = [b'"item_id":"i%d","rank":%d,"source":"als"' % (rank, rank) for rank in (1, 2)]
    beside = {"request_id": "beside", "similar_to_item_id": "i9", "surface": "similar"}
    for answer in (request, request, beside):
        lines = impression_lines(answer, items, [0.5, 0.5], now)
        shown.append_lines(lines, len(items)).result(10)
    shown.close()
    mapping = {**sample_mapping}
    mapping.pop("as_of")
    dbt_build(mapping, home, "seed")
    return dbt_build(mapping, home, *STAGING)


def rows(warehouse: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        root = Path(__file__).parents[3]
        connection.execute(f"set file_search_path = '{root}'")
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query).fetchall()


def test_an_event_that_came_many_times_is_one_interaction(warehouse):
    found = rows(
        warehouse,
        """
        select interaction_id, item_id, interaction_type, interacted_at
        from staging.stg_events__interactions
        where user_id = 'ann'
        order by interaction_id
        """,
    )
    assert [row[0] for row in found] == ["of the sample", "once", "twice"]
    assert found[2][1:] == ("i0001", "view", datetime(2026, 3, 2, 9))


def test_what_was_delivered_too_often_or_is_unknown_is_set_aside_with_its_reason(warehouse):
    found = rows(
        warehouse,
        """
        select interaction_id, reject_reason, count(*)
        from staging.stg_events__rejected
        where user_id = 'ann'
        group by all
        order by interaction_id
        """,
    )
    assert found == [("twice", "repeated", 4), ("unknown", "unknown_type", 1)]


def test_a_landed_event_counts_from_the_moment_it_landed(warehouse):
    ((known_at, interacted_at),) = rows(
        warehouse,
        """
        select known_at, interacted_at
        from staging.stg_events__interactions
        where interaction_id = 'twice'
        """,
    )
    assert known_at > interacted_at
    assert abs(known_at - datetime.now(UTC).replace(tzinfo=None)) < timedelta(hours=1)


def test_a_landed_event_is_read_or_lies_after_the_cutoff(warehouse):
    ((cutoff,),) = rows(warehouse, "select observed_until from intermediate.int_log_end")
    query = "select interaction_id from staging.stg_events__deliveries where user_id = 'bob'"
    read = {event_id for (event_id,) in rows(warehouse, query)}
    landed = {
        row["event_id"]: datetime.fromisoformat(row["loaded_at"]).replace(tzinfo=None)
        for row in landed_rows(warehouse.parent / "landing" / "events")
        if row["user_id"] == "bob"
    }
    assert 0 < len(read) < len(landed)
    assert read == {event_id for event_id, moment in landed.items() if moment < cutoff}
    query = "select count(*) from intermediate.int_interactions where user_id = 'bob'"
    assert rows(warehouse, query) == [(len(read),)]


def test_the_rows_of_the_mapped_relation_are_there_as_before(warehouse):
    ((accepted,),) = rows(
        warehouse, "select count(*) from staging.stg_events__interactions where user_id like 'u%'"
    )
    assert accepted > 38_000


def test_what_was_shown_is_an_impression_once(warehouse):
    found = rows(
        warehouse,
        """
        select
            request_id, item_id, surface, release_id, variant, shown_rank, propensity,
            propensity_kind, fallback, is_degraded, duration_ms
        from staging.stg_impressions__shown
        where user_id = 'ann'
        order by shown_rank
        """,
    )
    assert found == [
        (
            *("r1", f"i{rank}", "home", "release-1", "canary", rank),
            *(0.5, "marginal", "recent", True, 12.5),
        )
        for rank in (1, 2)
    ]


def test_what_was_shown_beside_an_item_is_no_impression_of_a_user(warehouse):
    query = "select count(*) from staging.stg_impressions__shown where request_id = 'beside'"
    assert rows(warehouse, query) == [(0,)]
    landed = landed_rows(warehouse.parent / "landing" / "impressions")
    assert [row["item_id"] for row in landed if row["request_id"] == "beside"] == ["i1", "i2"]
