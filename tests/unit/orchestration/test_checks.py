import duckdb
import pytest

from ml.schemas import Candidates, RankerMetrics
from orchestration.checks import schema_check
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT

TABLES = """
create schema ml;
create table ml.candidates (
    cutoff_at timestamp,
    user_id varchar,
    item_id varchar,
    candidate_rank bigint,
    candidate_score float
);
create table ml.ranker_metrics (name varchar, value double);
"""


@pytest.fixture
def warehouse(tmp_path):
    log = MappedLog(home=str(tmp_path), mapping="sample", project_root=str(PROJECT_ROOT))
    log.places().make_folders()
    with duckdb.connect(str(log.places().warehouse)) as connection:
        connection.execute(TABLES)
    return Warehouse(log=log)


def fill(warehouse, statement):
    with warehouse.connect(read_only=False) as connection:
        connection.execute(statement)


def checked(warehouse, name, schema):
    return schema_check(name, schema)(warehouse=warehouse)


def test_a_table_that_matches_passes(warehouse):
    fill(warehouse, "insert into ml.candidates values ('2026-01-01', 'u1', 'i1', 1, 0.5)")
    assert checked(warehouse, "candidates", Candidates).passed


def test_an_empty_table_passes(warehouse):
    assert checked(warehouse, "candidates", Candidates).passed
    assert checked(warehouse, "ranker_metrics", RankerMetrics).passed


def test_what_is_wrong_is_shown(warehouse):
    fill(warehouse, "insert into ml.candidates values ('2026-01-01', 'u1', 'i1', 0, 0.5)")
    result = checked(warehouse, "candidates", Candidates)
    assert not result.passed
    assert "candidate_rank" in result.description


def test_a_table_without_users_is_checked_as_a_whole(warehouse):
    fill(warehouse, "insert into ml.ranker_metrics values ('auc', 1), ('auc', 2)")
    assert not checked(warehouse, "ranker_metrics", RankerMetrics).passed


def test_a_failure_blocks_what_follows():
    (spec,) = schema_check("candidates", Candidates).check_specs
    assert spec.blocking
    assert spec.name == "matches_schema"
