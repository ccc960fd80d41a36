import dagster as dg
import duckdb
import pytest

from ml.experiments.join_rates import LEAST_INTERACTIONS
from ml.schemas.lists import Candidates
from ml.schemas.ranker import RankerMetrics
from orchestration.checks import checks, interactions_find_their_lists, schema_check
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


@pytest.mark.parametrize(("rank", "is_built"), [(0, False), (1, True)])
def test_a_failure_stops_what_is_downstream(warehouse, rank, is_built):
    built = []

    @dg.asset(key=["ml", "candidates"])
    def candidates() -> None:
        fill(warehouse, f"insert into ml.candidates values ('2026-01-01', 'u', 'i', {rank}, 0.5)")

    @dg.asset(deps=[candidates])
    def lists() -> None:
        built.append("lists")

    outcome = dg.materialize(
        [candidates, lists, schema_check("candidates", Candidates)],
        resources={"warehouse": warehouse},
        raise_on_error=False,
    )
    assert [check.passed for check in outcome.get_asset_check_evaluations()] == [is_built]
    assert outcome.success == is_built
    assert built == ["lists"] * is_built


def test_every_check_of_a_table_stops_what_is_downstream():
    specs = [spec for check in checks for spec in check.check_specs]
    assert all(spec.blocking for spec in specs)
    assert {spec.name for spec in specs} == {"matches_schema", "interactions_find_their_lists"}


EXPERIMENT = """
create schema experiments;
create table experiments.exp_checks as select
    'e' as experiment_id, 'shop.plan' as written_in,
    {count} as naming_count, {rate} as join_rate, 24.0 as join_window_hours,
    timestamp '2026-01-01' as starts_at, timestamp '2026-02-01' as ends_at,
    timestamp '{until}' as observed_until
"""
LOST = {"count": LEAST_INTERACTIONS, "rate": "cast(0.5 as double)", "until": "2026-01-20"}


def test_a_running_experiment_that_loses_its_outcomes_stops_the_run_and_says_what_to_do(warehouse):
    fill(warehouse, EXPERIMENT.format(**LOST))
    result = interactions_find_their_lists(warehouse=warehouse)
    assert not result.passed
    assert "join rate of 'e' must be >= 90%, got 50.0% of 100 interactions" in result.description
    assert "in the 24 hours before" in result.description
    assert "raise attribution_hours" in result.description
    assert "end the experiment (ends_at in shop.plan)" in result.description


@pytest.mark.parametrize(
    "change",
    [
        {"rate": "cast(0.9 as double)"},
        {"count": LEAST_INTERACTIONS - 1},
        # No interaction names a list, or none is shown.
        {"rate": "cast(null as double)", "count": 0},
        # Over, and not yet begun.
        {"until": "2026-02-01"},
        {"until": "2025-12-31"},
    ],
)
def test_nothing_is_stopped_where_nothing_is_lost_or_can_be_repaired(warehouse, change):
    fill(warehouse, EXPERIMENT.format(**{**LOST, **change}))
    assert interactions_find_their_lists(warehouse=warehouse).passed
