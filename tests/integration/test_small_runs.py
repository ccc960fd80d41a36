"""The whole way, from the log to what is published, on logs that are as small as logs can be."""

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

from orchestration.settings import Settings
from tests.integration.runs import finish
from tests.integration.test_bad_input import COLUMNS, ODD_IDS, mapping_of

pytestmark = pytest.mark.integration

ONE_EVENT = [("u1", "i1", "2026-02-20")]
# Each has had every item but the one with its own name, before and in the test period.
ODD = [
    (user, item, f"2026-{month}-{day:02}")
    for month in ("01", "02")
    for user in ODD_IDS
    for day, item in enumerate(ODD_IDS, start=10)
    if user != item
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(home: Path) -> Callable[..., dict]:
    """Run the command line; in one place for all logs, so that dbt parses once."""
    file, log = home / "shop.yml", home / "events.parquet"
    file.write_text(yaml.safe_dump({"mapping": mapping_of(log)}))
    environment = {**os.environ, "TOPSHELF_HOME": str(home), "TOPSHELF_MAPPING": str(file)}

    def run_on(rows: list[tuple]) -> dict:
        events = [(user, item, "purchase", f"{day} 10:00:00", None) for user, item, day in rows]
        pd.DataFrame(events, columns=COLUMNS).astype("string").to_parquet(log)
        return finish(environment)

    return run_on


def recommended(home: Path, user_id: str) -> list[str]:
    path = Settings(home=home).places("sample").snapshot
    with duckdb.connect(str(path), read_only=True) as connection:
        query = "select item_id from recommend(?) order by recommended_rank"
        return [item for (item,) in connection.execute(query, [user_id]).fetchall()]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ONE_EVENT, {"u1": ["i1"], "stranger": ["i1"]}),
        (ODD, {user: [user] for user in ODD_IDS}),
    ],
    ids=["one event", "odd ids of users who lack one item"],
)
def test_a_small_log_is_published_and_answers(run, home, rows, expected):
    told = run(rows)
    assert told["accepted"] == len(rows)
    for user, items in expected.items():
        assert sorted(recommended(home, user)) == sorted(items)
    assert told["online"]["newest"]
