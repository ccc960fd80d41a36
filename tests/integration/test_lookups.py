"""The lookups answer every user and item, on the sample and on a real log beside the project."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.settings import PROJECT_ROOT

pytestmark = pytest.mark.integration

BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# The real log is no part of the project; the sample stands for it where it is absent.
REAL_LOG = "deskdrop"
REAL_LOGS = [REAL_LOG] if (PROJECT_ROOT.parent / "shared" / "data" / REAL_LOG).is_dir() else []


@pytest.fixture(scope="module", params=["sample", *REAL_LOGS])
def shelf(request, dbt_build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory):
    """Build a log with dbt alone and open the warehouse."""
    path = PROJECT_ROOT / "mappings" / f"{request.param}.yml"
    mapping = yaml.safe_load(path.read_text(encoding="utf-8"))["mapping"]
    warehouse = dbt_build(mapping, tmp_path_factory.mktemp("home"), *BUILD)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set file_search_path = ?", [str(PROJECT_ROOT)])
        yield connection


def column(shelf: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[str]:
    return [value for (value,) in shelf.execute(sql, list(values)).fetchall()]


def test_every_user_and_a_stranger_get_a_full_list_of_what_may_be_offered(shelf):
    seen: dict[str, set[str]] = {}
    touched = shelf.execute("select distinct user_id, item_id from intermediate.int_interactions")
    for user, item in touched.fetchall():
        seen.setdefault(user, set()).add(item)
    unavailable = set(
        column(shelf, "select item_id from staging.stg_catalog__items where not is_available")
    )
    listed = set(column(shelf, "select user_id from staging.stg_catalog__users"))
    for user in [*sorted(seen.keys() | listed), "a-stranger"]:
        items = column(shelf, "select item_id from recommend(?) order by recommended_rank", user)
        assert len(items) == len(set(items)) == 20, user
        assert not seen.get(user, set()) & set(items), user
        assert not unavailable & set(items), user


def test_every_item_and_an_unknown_one_have_neighbours_that_are_others(shelf):
    items = column(shelf, "select distinct item_id from intermediate.int_interactions")
    for item in [*items, "an-unknown-item"]:
        neighbours = column(shelf, "select neighbour_item_id from similar_items(?)", item)
        assert len(neighbours) == len(set(neighbours)) > 0, item
        assert item not in neighbours, item
