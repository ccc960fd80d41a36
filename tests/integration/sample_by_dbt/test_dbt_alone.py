"""dbt by itself, without Dagster or Python's tables, on a fresh project."""

import json
from pathlib import Path

import duckdb
import pytest
import yaml
from dbt.contracts.graph.manifest import Manifest

from orchestration.settings import PROJECT_ROOT

pytestmark = pytest.mark.integration


def query(warehouse: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_lists_are_made_by_sql_alone(sample_by_dbt):
    sources = query(sample_by_dbt, "select distinct source from serving.rec_user_top_items")
    assert {source for (source,) in sources} == {"covisitation", "segment"}
    assert query(sample_by_dbt, "select release_id from serving.rec_release") == [("sql-only",)]
    assert len(query(sample_by_dbt, "from recommend('nobody')")) == 20
    for table in ("rec_popular_items", "rec_trending_items"):
        listed = f"select segment, count(*) from serving.{table} group by segment"
        lengths = dict(query(sample_by_dbt, listed))
        assert len(lengths) == 7, table
        assert min(lengths.values()) >= 20, table


def test_a_mapping_changes_nothing_of_what_is_parsed(manifest, dbt_parse):
    # So all tests build from one manifest.
    another = yaml.safe_load((PROJECT_ROOT / "mappings" / "deskdrop.yml").read_text())
    told = json.dumps({**another, "training_cutoffs": 1})
    kept = ("raw_code", "depends_on", "config", "columns", "contract", "relation_name")

    def content(of: Manifest) -> dict:
        return {
            name: {key: getattr(node, key, None) for key in kept}
            for name, node in {**of.nodes, **of.sources, **of.unit_tests}.items()
        }

    assert content(dbt_parse("--vars", told)) == content(manifest)


@pytest.mark.parametrize("arguments", [["docs", "generate"], ["source", "freshness"]])
def test_dbt_also(arguments, dbt_build, sample_mapping, sample_by_dbt):
    dbt_build(sample_mapping, sample_by_dbt.parents[1], *arguments)


def test_a_sensitive_column_that_is_not_allowed_is_left_out(dbt_build, sample_mapping, tmp_path):
    columns = {"user_id": "user_id", "segment": "age_band"}
    users = {
        **sample_mapping["users"],
        "columns": columns,
        "attributes": ["country", "age_band"],
        "sensitive": ["AGE_BAND"],
    }
    asked = """
        select count(*), count(segment), list_distinct(flatten(list(map_keys(attributes))))
        from staging.stg_catalog__users
    """
    build = ("run", "--select", "stg_catalog__users")
    mapping = {**sample_mapping, "users": users}
    warehouse = dbt_build(mapping, tmp_path / "refused", *build)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set file_search_path = ?", [str(PROJECT_ROOT)])
        assert connection.execute(asked).fetchall() == [(900, 0, ["country"])]
    allowed = {**mapping, "users": {**users, "allowed_sensitive": ["age_band"]}}
    warehouse = dbt_build(allowed, tmp_path / "allowed", *build)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set file_search_path = ?", [str(PROJECT_ROOT)])
        ((rows, segments, names),) = connection.execute(asked).fetchall()
        assert (rows, segments, sorted(names)) == (900, 900, ["age_band", "country"])
