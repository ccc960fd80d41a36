"""The whole way, from the log to what is published, on a log of a few odd ids."""

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
    """Run the command line on a log."""
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


def test_odd_ids_of_users_who_lack_one_item_are_published_and_answer(run, home):
    told = run(ODD)
    assert told["accepted"] == len(ODD)
    for user in ODD_IDS:
        assert recommended(home, user) == [user]
    assert told["online"]["newest"]
