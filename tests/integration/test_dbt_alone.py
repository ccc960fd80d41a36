"""dbt by itself, without Dagster or Python's tables, on a fresh project."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def warehouse(dbt_build: Callable[..., Path], sample_mapping: dict, home: Path) -> Path:
    """Build everything, with every unit test and data test; then once more on what is there."""
    dbt_build(sample_mapping, home, "build")
    return dbt_build(sample_mapping, home, "build", "--exclude-resource-type", "unit_test")


def query(warehouse: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_lists_are_made_by_sql_alone(warehouse):
    sources = query(warehouse, "select distinct source from serving.rec_user_top_items")
    assert {source for (source,) in sources} == {"covisitation", "segment"}
    assert query(warehouse, "select release_id from serving.rec_release") == [("sql-only",)]
    assert query(warehouse, "select count(*) from candidates.cnd_trending_items")[0][0] > 0
    assert len(query(warehouse, "from recommend('nobody')")) == 20


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("arguments", [["docs", "generate"], ["source", "freshness"]])
def test_dbt_also(arguments, dbt_build, sample_mapping, home):
    dbt_build(sample_mapping, home, *arguments)
