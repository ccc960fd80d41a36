"""The planted truth names exactly the rows that another reader finds dirty."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from simulation.config import DirtRates, WorldConfig
from simulation.writing import write_log

RATES = DirtRates(
    missing_user=0.02,
    missing_item=0.02,
    missing_type=0.02,
    unknown_type=0.02,
    unparsable_time=0.02,
    future_time=0.02,
    impossible_value=0.03,
    late=0.04,
    repeated=0.04,
    bot_users=0.01,
    bot_active_days=0.2,
)
CONFIG = WorldConfig(users=600, items=80, days=50, seed=21, dirt=RATES)
END = datetime(2026, 3, 1, tzinfo=UTC)
TYPES = {"view", "cart", "purchase", "dislike"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    write_log(CONFIG, folder, folder / "truth")
    return folder


@pytest.fixture(scope="module")
def rows(folder):
    return pq.read_table(folder / "events.parquet").to_pylist()


@pytest.fixture(scope="module")
def planted(folder):
    truth = pq.read_table(folder / "truth" / "dirty_rows.parquet").to_pylist()
    found = {}
    for row in truth:
        found.setdefault(row["reason"], set()).add((row["event_id"], row["delivery"]))
    return found


def parse(text):
    """Read a time as any reader would: no zone means UTC; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def fault_of_value(text):
    """Say what is wrong with a value; one that is not a number says that there is none."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return "impossible_value"
    if math.isnan(value):
        return "missing_value"
    return "impossible_value" if math.isinf(value) or value < 0 else None


def deliveries(rows):
    """Pair every row with its number of delivery, in order of loading."""
    seen = Counter()
    for row in sorted(rows, key=lambda row: row["loaded_at"]):
        seen[row["event_id"]] += 1
        yield (row["event_id"], seen[row["event_id"]]), row


def find_dirt(rows, bots):
    found = {}
    for key, row in deliveries(rows):
        kind, moment = row["event_type"], parse(row["occurred_at"])
        loaded = row["loaded_at"].replace(tzinfo=UTC)
        plain = (kind or "").strip().lower()
        marks = {
            "missing_user": row["user_id"] is None,
            "missing_item": row["item_id"] is None,
            "missing_type": kind is None,
            "unknown_type": kind is not None and plain not in TYPES,
            "unparsable_time": moment is None,
            "future_time": moment is not None and moment >= END,
            "impossible_value": fault_of_value(row["value"]) == "impossible_value",
            "missing_value": fault_of_value(row["value"]) == "missing_value",
            "repeated": key[1] == 2,
            "odd_spelling": plain in TYPES and kind != plain,
            "zulu_time": row["occurred_at"].endswith("Z"),
            "offset_time": row["occurred_at"][-6:-5] in {"+", "-"} and moment is not None,
            "late": key[1] == 1 and moment is not None and loaded - moment > timedelta(days=1),
            "bot": row["user_id"] in bots,
        }
        for reason, is_so in marks.items():
            if is_so:
                found.setdefault(reason, set()).add(key)
    return found


def test_the_truth_names_exactly_the_dirty_rows(folder, rows, planted):
    tastes = pq.read_table(folder / "truth" / "tastes.parquet").to_pylist()
    bots = {row["user_id"] for row in tastes if row["is_bot"]}
    found = find_dirt(rows, bots)
    # Whose row without a user was, only the truth knows.
    anonymous = planted["missing_user"]
    planted_bots = planted["bot"] - anonymous
    assert found.pop("bot") == planted_bots
    assert found == {reason: keys for reason, keys in planted.items() if reason != "bot"}


@pytest.mark.parametrize(
    "reason",
    ["missing_user", "missing_item", "missing_type", "unknown_type", "unparsable_time",
     "future_time", "late", "repeated", "odd_spelling", "zulu_time", "offset_time"],
)  # fmt: skip
def test_rates_are_hit_in_the_file(rows, planted, reason):
    # Of a late or repeated row's week the last days have not arrived: leave it out.
    horizon = (END - timedelta(days=7)).replace(tzinfo=None)
    early = {key for key, row in deliveries(rows) if row["loaded_at"] < horizon}
    count = len({key for key in early if key[1] == 1})
    hits = len(planted[reason] & early)
    rate = getattr(RATES, reason)
    # Second deliveries keep the format of the first, and are 4 per cent more rows.
    assert hits == pytest.approx(rate * count, rel=0.06, abs=5 * math.sqrt(rate * count))


def test_whatever_the_zone_the_moment_is_the_one_before_loading(rows, planted):
    odd = (
        planted["late"] | planted["repeated"] | planted["future_time"] | planted["unparsable_time"]
    )
    for key, row in deliveries(rows):
        if key not in odd:
            waited = row["loaded_at"].replace(tzinfo=UTC) - parse(row["occurred_at"])
            assert timedelta(0) < waited <= timedelta(minutes=5)


def test_a_repetition_is_the_same_row_loaded_later(rows, planted):
    by_key = dict(deliveries(rows))
    assert planted["repeated"]
    for event_id, delivery in planted["repeated"]:
        assert delivery == 2
        first, second = by_key[(event_id, 1)], by_key[(event_id, 2)]
        assert first["loaded_at"] < second["loaded_at"]
        assert first | {"loaded_at": None} == second | {"loaded_at": None}


def test_every_form_of_every_defect_occurs(rows):
    kinds = Counter(row["event_type"] for row in rows)
    assert {" View", "VIEW", "view ", " Purchase", "scroll", None} <= set(kinds)
    texts = {row["value"] for row in rows}
    assert {"-1", "-37.5", "inf", "-inf", "NaN", "abc"} <= texts
    moments = {row["occurred_at"] for row in rows}
    assert {"n/a", "", "yesterday", "31.02.2026", "2026-13-45 25:61:00"} <= moments
    assert {moment[-6:] for moment in moments} >= {"+02:00", "-05:00", "+05:30"}
