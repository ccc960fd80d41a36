"""Small and odd logs, the whole way: a list for anybody, or one clear message and nothing new."""

import json
import os
import subprocess
from dataclasses import dataclass

import duckdb
import pandas as pd
import pytest
import yaml

from orchestration.settings import PROJECT_ROOT, Settings
from tests.integration.runs import command, query

pytestmark = pytest.mark.integration

COLUMNS = ["user_id", "item_id", "event_type", "occurred_at"]
# Quotes of every kind, text outside of ASCII, and what could end a path or a statement.
LONG = ("'\"`; -- /../ %s {{ x }} \\ Ω 用户 🙂 " * 70)[:1999]


def day(number: int) -> str:
    """Return a moment of one of the 58 days before the log is read."""
    return str(pd.Timestamp("2026-01-01 12:00:00") + pd.Timedelta(days=number))


@dataclass(frozen=True)
class Log:
    """Events; how many items there are for a user who asks, None where nothing is published."""

    events: list[tuple]
    user_id: str
    answers: int | None


# What dbt alone can tell, `test_bad_input.py` asks.
LOGS = {
    "no events": Log([], "u0", 0),
    "one event": Log([("u0", "i0", "purchase", day(3))], "u9", 1),
    # Who has seen everything gets what is popular nevertheless.
    "one user": Log([("u0", f"i{item}", "purchase", day(item * 6)) for item in range(9)], "u0", 9),
    "one moment": Log(
        [(f"u{user}", f"i{n}", "purchase", day(40)) for user in range(9) for n in range(user)],
        "u3",
        5,
    ),
    "only the future": Log(
        [(f"u{user}", "i0", "purchase", day(90)) for user in range(9)], "u0", None
    ),
    "long ids": Log(
        [
            (f"{LONG}{user}", f"{LONG}{item}", "purchase", day((user * 7 + item * 11) % 58))
            for user in range(9)
            for item in range(9)
            if user != item
        ],
        f"{LONG}0",
        1,
    ),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Map the one view in which every log is: so dbt parses the project once."""
    folder = tmp_path_factory.mktemp("small")
    mapping = folder / "small.yml"
    content = {
        "name": "sample",
        "events": {
            "relation": "shop view",
            "columns": {column: column for column in COLUMNS},
        },
        "as_of": "2026-03-01 00:00:00",
        "horizon_days": 14,
    }
    mapping.write_text(yaml.safe_dump({"mapping": content}), encoding="utf-8")
    return Settings(home=folder / "home", mapping=str(mapping))


@pytest.mark.parametrize("name", LOGS)
def test_a_run_ends_with_lists_or_with_a_message_and_nothing_new(name, settings):
    log = LOGS[name]
    write(log, settings)
    snapshot = settings.places("sample").snapshot
    snapshot.unlink(missing_ok=True)
    finished = subprocess.run(
        command("run", "--json"),
        cwd=PROJECT_ROOT,
        env={**os.environ, **settings.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in finished.stderr
    if log.answers is None:
        assert finished.returncode == 1
        assert finished.stderr.count("Nothing was published") == 1
        assert not snapshot.exists()
        return
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["accepted"] == len(log.events)
    answer = [item for (item,) in query(snapshot, "select item_id from recommend(?)", log.user_id)]
    assert len(answer) == len(set(answer)) == log.answers
    assert set(answer) <= {item_id for _, item_id, *_ in log.events}


def write(log: Log, settings: Settings) -> None:
    """Make the events the table that is mapped, in a warehouse that may not exist yet."""
    events = pd.DataFrame(log.events, columns=COLUMNS).astype("string")  # noqa: F841, read by name
    warehouse = settings.places("sample").warehouse
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute('create or replace table "shop log" as from events')
        connection.execute('create or replace view "shop view" as from "shop log"')
