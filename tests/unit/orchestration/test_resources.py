import subprocess
import sys

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest

from orchestration.mapping import load_mapping, settings_file
from orchestration.resources import Features, MappedLog, Warehouse, resources_of
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.warehouse_lock import WarehouseInUseError

HOLDER = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
time.sleep(60)
"""
PAIRS = "ml.pairs"


@pytest.fixture
def log(tmp_path):
    return MappedLog(home=str(tmp_path), mapping="sample", project_root=str(PROJECT_ROOT))


@pytest.fixture
def warehouse(log):
    """Make a warehouse with a table of one row."""
    log.places().make_folders()
    with duckdb.connect(str(log.places().warehouse)) as connection:
        connection.execute("create schema ml")
        connection.execute(
            f"create table {PAIRS} (cutoff_at timestamp, user_id varchar, score float)"
        )
        connection.execute(f"insert into {PAIRS} values ('2026-01-01', 'old', 1)")
    return Warehouse(log=log, patience_seconds=0.2)


def block(*users):
    """Make a frame as Python does: other types, another order of columns."""
    return pd.DataFrame(
        {
            "score": np.arange(len(users), dtype=np.float64),
            "user_id": users,
            "cutoff_at": pd.Timestamp("2026-02-01"),
        }
    )


def test_every_log_has_a_warehouse_of_its_own(log, tmp_path):
    assert log.places().warehouse == tmp_path / "sample" / "warehouse.duckdb"


def test_the_whole_table_is_replaced_and_keeps_its_types(warehouse):
    assert warehouse.replace(PAIRS, block("a", "b")) == 2
    frame = warehouse.read(f"select * from {PAIRS} order by user_id")
    assert list(frame["user_id"]) == ["a", "b"]
    assert list(frame.columns) == ["cutoff_at", "user_id", "score"]
    assert frame["score"].dtype == np.float32
    types = warehouse.read(f"select column_type from (describe {PAIRS})")["column_type"]
    assert list(types) == ["TIMESTAMP", "VARCHAR", "FLOAT"]


def test_blocks_are_written_one_after_the_other(warehouse):
    blocks = [block("a"), block("b", "c"), block()]
    assert warehouse.replace_by_blocks(PAIRS, lambda _: iter(blocks)) == 3
    assert list(warehouse.read(f"select user_id from {PAIRS} order by 1")["user_id"]) == [
        "a",
        "b",
        "c",
    ]


def test_blocks_may_be_made_from_what_the_table_held_before(warehouse):
    def doubled(connection):
        for user in connection.execute(f"select user_id from {PAIRS}").fetchall():
            yield block(*user, "another")

    assert warehouse.replace_by_blocks(PAIRS, doubled) == 2


def test_a_failure_on_the_way_changes_nothing(warehouse):
    def failing(_):
        yield block("a")
        raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        warehouse.replace_by_blocks(PAIRS, failing)
    assert list(warehouse.read(f"from {PAIRS}")["user_id"]) == ["old"]


def test_tables_are_replaced_together_or_not_at_all(warehouse):
    with warehouse.connect(read_only=False) as connection:
        connection.execute("create table ml.others as select 'old' as user_id")
    named = [(PAIRS, block("a")), ("ml.others", pd.DataFrame({"user_id": ["b", "c"]}))]
    counts = warehouse.replace_together([PAIRS, "ml.others"], lambda _: iter(named))
    assert counts == {PAIRS: 1, "ml.others": 2}
    with pytest.raises(duckdb.Error):
        warehouse.replace_together(
            [PAIRS, "ml.others"], lambda _: iter([*named, ("ml.others", block("d"))])
        )
    assert list(warehouse.read(f"from {PAIRS}")["user_id"]) == ["a"]


def test_a_table_that_does_not_exist_is_not_made(warehouse):
    with pytest.raises(duckdb.CatalogException, match="nothing"):
        warehouse.replace("ml.nothing", block("a"))


def test_a_reader_cannot_write(warehouse):
    with warehouse.connect() as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute(f"delete from {PAIRS}")


def test_moments_are_in_utc_whatever_the_zone_of_the_machine(warehouse, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    frame = warehouse.read("select cast(timestamptz '2026-01-01 12:00:00+02' as varchar) as moment")
    assert frame["moment"].item() == "2026-01-01 10:00:00+00"


def test_relative_files_of_the_mapping_start_at_the_project(warehouse, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    count = warehouse.read("select count(*) as rows from 'seeds/sample/items.parquet'")
    assert count["rows"].item() > 0


def test_whoever_waits_for_the_warehouse_learns_for_whom(warehouse, log):
    path = str(log.places().warehouse)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(WarehouseInUseError, match=rf"in use by process {process.pid} \(.*\);"):
            warehouse.read("select 1")
        process.kill()


def test_a_lock_that_is_given_back_in_time_is_waited_for(log, warehouse):
    path = str(log.places().warehouse)
    patient = Warehouse(log=log, patience_seconds=30)
    holder = HOLDER.replace("sleep(60)", "sleep(1)")
    with subprocess.Popen(
        [sys.executable, "-c", holder, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "open\n"
        assert len(patient.read(f"from {PAIRS}")) == 1


def test_a_warehouse_that_does_not_exist_is_no_lock(log):
    with pytest.raises(duckdb.IOException, match="does not exist"):
        Warehouse(log=log).read("select 1")


def test_only_a_lock_is_said_to_be_one(tmp_path):
    log = MappedLog(home=str(tmp_path / "locked"), mapping="sample", project_root=str(PROJECT_ROOT))
    warehouse = Warehouse(log=log)
    with pytest.raises(duckdb.IOException, match="does not exist"):
        warehouse.read("select 1")


@pytest.fixture
def file(tmp_path):
    """Give a mapping that may be edited."""
    file = tmp_path / "shop.yml"
    file.write_text((PROJECT_ROOT / "mappings" / "sample.yml").read_text())
    return file


@pytest.fixture
def run(tmp_path, file):
    """Give `run(between)`: a run of three steps, and what resources say of the log.

    The definitions are those of one process, which may live for days.
    """
    told, happening = [], []

    def tell(log):
        told.append((log.read().horizon_days, log.reviewed().sql, log.places().home.name))

    @dg.op
    def first(log: MappedLog) -> None:
        tell(log)

    @dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
    def edit() -> None:
        happening.pop()()

    @dg.op(ins={"after": dg.In(dg.Nothing)})
    def last(log: MappedLog, warehouse: Warehouse, features: Features) -> None:
        for one in (log, warehouse.log, features.log):
            tell(one)

    @dg.job
    def steps():
        last(edit(first()))

    settings = Settings(home=tmp_path / "home", mapping=str(file))
    job = dg.Definitions(jobs=[steps], resources=resources_of(settings)).resolve_job_def("steps")

    def start(between=lambda: None):
        told.clear()
        happening.append(between)
        assert job.execute_in_process().success
        return list(told)

    return start


def edit(file):
    """Do in a moment what a person may do during a run: rename the log, and choose otherwise."""
    mapping = load_mapping(str(file), PROJECT_ROOT)
    settings_file(mapping).write_text("sql: {recommendations_per_user: 5}\n")
    text = file.read_text().replace("name: sample", "name: shop")
    file.write_text(text.replace("horizon_days: 14", "horizon_days: 7"))


def test_all_steps_of_a_run_have_the_mapping_and_the_settings_that_it_began_with(
    run, file, tmp_path
):
    assert run(lambda: edit(file)) == [(14, {}, "sample")] * 4
    # The files that were written are those that were locked.
    assert [lock.parent.name for lock in tmp_path.glob("home/*/run.lock")] == ["sample"]


def test_the_next_run_of_the_same_process_has_what_was_edited_meanwhile(run, file):
    run(lambda: edit(file))
    assert run() == [(7, {"recommendations_per_user": 5}, "shop")] * 4
