"""Small and odd logs, the whole way: a list for anybody, or one clear message and nothing new."""

import json
import os
import subprocess

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


# By name: the events, and the user who asks. What dbt alone can tell, `test_bad_input.py` asks.
LOGS: dict[str, tuple[list[tuple], str]] = {
    "no events": ([], "u0"),
    "one user": ([("u0", f"i{item}", "purchase", day(item * 6)) for item in range(9)], "u0"),
    "long ids": (
        [
            (f"{LONG}{user}", f"{LONG}{item}", "purchase", day((user * 7 + item * 11) % 58))
            for user in range(9)
            for item in range(9)
            if user != item
        ],
        f"{LONG}0",
    ),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Map the one file in which every log is: so dbt parses the project once."""
    folder = tmp_path_factory.mktemp("small")
    mapping = folder / "small.yml"
    content = {
        "name": "sample",
        "events": {
            "relation": str(folder / "events.parquet"),
            "columns": {column: column for column in COLUMNS},
        },
        "as_of": "2026-03-01 00:00:00",
        "horizon_days": 14,
    }
    mapping.write_text(yaml.safe_dump({"mapping": content}), encoding="utf-8")
    return Settings(home=folder / "home", mapping=str(mapping))


@pytest.mark.parametrize("name", LOGS)
def test_a_run_ends_with_lists_or_with_a_message_and_nothing_new(name, settings):
    rows, user_id = LOGS[name]
    events = settings.home.parent / "events.parquet"
    pd.DataFrame(rows, columns=COLUMNS).astype("string").to_parquet(events)
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
    if finished.returncode:
        assert finished.returncode == 1
        assert finished.stderr.count("Nothing was published") == 1
        assert not snapshot.exists()
        return
    assert json.loads(finished.stdout)["accepted"] == len(rows)
    answer = [
        item_id for (item_id,) in query(snapshot, "select item_id from recommend(?)", user_id)
    ]
    items = {item_id for _, item_id, *_ in rows}
    assert set(answer) <= items
    assert bool(answer) == bool(items)
