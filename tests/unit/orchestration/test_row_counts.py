import dagster as dg
import duckdb
import pytest

from orchestration.resources import MappedLog, Warehouse
from orchestration.row_counts import with_row_counts
from orchestration.settings import PROJECT_ROOT

TABLES = """
create schema staging;
create schema features;
create table features.ftr_users as from range(3);
create table features.ftr_items as from range(0);
create view staging.stg_items as select error('a view was run') as item_id;
"""
KEYS = (["staging", "stg_items"], ["features", "ftr_users"], ["features", "ftr_items"])


@pytest.fixture
def warehouse(tmp_path):
    log = MappedLog(home=str(tmp_path), mapping="sample", project_root=str(PROJECT_ROOT))
    log.places().make_folders()
    with duckdb.connect(str(log.places().warehouse)) as connection:
        connection.execute(TABLES)
    return Warehouse(log=log)


def outputs():
    for key in KEYS:
        yield dg.Output(None, dg.AssetKey(key).to_python_identifier(), metadata={"seconds": 0.5})


def metadata_of(events, warehouse, expected=True):
    """Materialise assets whose events these are; gives the metadata by table."""

    @dg.multi_asset(specs=[dg.AssetSpec(key) for key in KEYS])
    def models(context: dg.AssetExecutionContext):
        yield from with_row_counts(context, events, warehouse)

    outcome = dg.materialize([models], raise_on_error=False)
    assert outcome.success is expected
    found = outcome.asset_materializations_for_node("models")
    return {event.asset_key.path[-1]: event.metadata for event in found}


def test_each_table_gets_its_rows_and_keeps_what_was_known_of_it(warehouse):
    found = metadata_of(outputs(), warehouse)
    assert {name: values["seconds"].value for name, values in found.items()} == {
        "stg_items": 0.5,
        "ftr_users": 0.5,
        "ftr_items": 0.5,
    }
    assert found["ftr_users"]["dagster/row_count"].value == 3
    assert found["ftr_items"]["dagster/row_count"].value == 0


def test_a_view_is_not_run_to_be_counted(warehouse):
    assert "dagster/row_count" not in metadata_of(outputs(), warehouse)["stg_items"]


def test_the_warehouse_is_opened_after_dbt_has_let_go_of_it(warehouse):
    def holding():
        with warehouse.connect(read_only=False) as connection:
            yield from outputs()
            connection.execute("insert into features.ftr_users values (3)")

    counted = metadata_of(holding(), warehouse)["ftr_users"]["dagster/row_count"]
    assert counted.value == 4


def test_what_was_built_before_an_error_is_reported_before_it(warehouse):
    def failing():
        yield next(outputs())
        raise RuntimeError("dbt failed")

    assert list(metadata_of(failing(), warehouse, expected=False)) == ["stg_items"]
