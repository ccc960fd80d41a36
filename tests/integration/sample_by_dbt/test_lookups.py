"""The published lookups answer every user and item, on the sample and on a real log beside it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.settings import PROJECT_ROOT
from orchestration.snapshot import write_snapshot

pytestmark = pytest.mark.integration

BUILD = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
# The real log is no part of the project; the sample stands for it where it is absent.
REAL_LOG = "deskdrop"
REAL_LOGS = [REAL_LOG] if (PROJECT_ROOT.parent / "shared" / "data" / REAL_LOG).is_dir() else []


@pytest.fixture(scope="module", params=["sample", *REAL_LOGS])
def warehouse(request, dbt_build: Callable[..., Path], tmp_path_factory) -> Path:
    """Build a log with dbt alone."""
    if request.param == "sample":
        return request.getfixturevalue("sample_by_dbt")
    path = PROJECT_ROOT / "mappings" / f"{request.param}.yml"
    mapping = yaml.safe_load(path.read_text(encoding="utf-8"))["mapping"]
    return dbt_build(mapping, tmp_path_factory.mktemp("home"), *BUILD)


@pytest.fixture(scope="module")
def snapshot(warehouse: Path, tmp_path_factory) -> Path:
    """Publish it."""
    path = tmp_path_factory.mktemp("snapshot") / "published.duckdb"
    write_snapshot(warehouse, path, PROJECT_ROOT)
    return path


@pytest.fixture(scope="module")
def built(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open what was built, to know what the lookups must not answer."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set file_search_path = ?", [str(PROJECT_ROOT)])
        yield connection


@pytest.fixture(scope="module")
def shelf(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the snapshot, as a reader does who has nothing else."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        yield connection


def column(shelf: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[str]:
    return [value for (value,) in shelf.execute(sql, list(values)).fetchall()]


def test_every_user_and_a_stranger_get_a_full_list_of_what_may_be_offered(built, shelf):
    seen: dict[str, set[str]] = {}
    touched = built.execute("select distinct user_id, item_id from intermediate.int_interactions")
    for user, item in touched.fetchall():
        seen.setdefault(user, set()).add(item)
    unavailable = set(
        column(built, "select item_id from staging.stg_catalog__items where not is_available")
    )
    listed = set(column(built, "select user_id from staging.stg_catalog__users"))
    for user in [*sorted(seen.keys() | listed), "a-stranger"]:
        items = column(shelf, "select item_id from recommend(?) order by recommended_rank", user)
        assert len(items) == len(set(items)) == 20, user
        assert not seen.get(user, set()) & set(items), user
        assert not unavailable & set(items), user


def test_every_item_and_an_unknown_one_have_neighbours_that_are_others(built, shelf):
    items = column(built, "select distinct item_id from intermediate.int_interactions")
    for item in [*items, "an-unknown-item"]:
        neighbours = column(shelf, "select neighbour_item_id from similar_items(?)", item)
        assert len(neighbours) == len(set(neighbours)) > 0, item
        assert item not in neighbours, item


def test_a_user_without_a_list_gets_what_is_popular_in_the_segment(built, snapshot, tmp_path):
    popular = """
        select item_id from serving.rec_popular_items
        where segment = ? and popularity_rank <= 20
        order by popularity_rank
    """
    recommended = "select item_id from recommend(?) order by recommended_rank"
    source = "select distinct source from recommend(?)"
    with duckdb.connect(shutil.copy(snapshot, tmp_path / "published.duckdb")) as shelf:
        shelf.execute("delete from serving.rec_user_top_items")
        everybody = column(shelf, popular, "all")
        members = shelf.execute(
            "select segment, min(user_id) from serving.rec_user_segments group by segment"
        ).fetchall()
        for segment, user in members:
            assert column(shelf, recommended, user) == column(shelf, popular, segment) != everybody
            assert column(shelf, source, user) == ["segment"]
        # Nobody knows where a stranger belongs.
        assert column(shelf, recommended, "a-stranger") == everybody
        assert column(shelf, source, "a-stranger") == ["popular"]
    # Not every log has segments.
    (segments,) = column(built, "select count(distinct segment) from staging.stg_catalog__users")
    assert bool(members) == bool(segments)
