import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from orchestration.mapping import MappingError, load_mapping, needs_warehouse
from orchestration.plan import app
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT
from orchestration.tables_as_files import with_tables_as_files

SAMPLE = PROJECT_ROOT / "mappings" / "sample.yml"
LARGE = 170141183460469231731687303715884105727
TABLES = f"""
create schema raw;
create table raw.log as
select * replace ({LARGE} as user_id, timestamptz '2026-01-02 03:00:00+02' as occurred_at)
from '{PROJECT_ROOT}/seeds/sample/events.parquet';
create view people as from 'seeds/sample/users.parquet';
create table arms as
select 'u1' as user_id, 'e1' as experiment_id, 'a' as variation_id, timestamp '2026-01-02' as at;
"""


@pytest.fixture
def file(tmp_path):
    """Write the sample's mapping with tables, and a view of relative files."""
    content = yaml.safe_load(SAMPLE.read_text())
    mapping = content["mapping"]
    mapping["events"]["relation"] = "raw.log"
    mapping["users"]["relation"] = "people"
    columns = {name: name for name in ("user_id", "experiment_id", "variation_id")}
    mapping["assignments"] = {"relation": "arms", "columns": {**columns, "timestamp": "at"}}
    file = tmp_path / "shop.yml"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture
def warehouse(tmp_path, file):
    log = MappedLog(home=str(tmp_path), mapping=str(file), project_root=str(PROJECT_ROOT))
    return Warehouse(log=log, patience_seconds=0)


@pytest.fixture
def filled(warehouse):
    path = warehouse.log.places().warehouse
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"set file_search_path = '{PROJECT_ROOT}'")
        connection.execute(TABLES)
    return warehouse


def test_every_table_and_view_becomes_a_file_of_the_text_that_dbt_would_read(filled, tmp_path):
    mapping = filled.log.read()
    apart = with_tables_as_files(mapping, filled, tmp_path / "copied")
    assert not needs_warehouse(apart, PROJECT_ROOT)
    assert apart.items == mapping.items
    assert apart.events.columns == mapping.events.columns
    (row,) = duckdb.sql(
        f"select distinct user_id, occurred_at from '{apart.events.relation}'"
    ).fetchall()
    assert row == (str(LARGE), "2026-01-02 01:00:00+00")
    assert duckdb.sql(f"from '{apart.assignments.relation}'").fetchall() == [
        ("u1", "2026-01-02 00:00:00", "e1", "a")
    ]
    # What the mapping does not use, age_band say, is in no further file.
    assert duckdb.sql(f"from '{apart.users.relation}'").columns == [
        "user_id",
        "signed_up_at",
        "country",
    ]


def test_files_stay_where_they_are(warehouse, tmp_path):
    mapping = load_mapping("sample", PROJECT_ROOT)
    assert with_tables_as_files(mapping, warehouse, tmp_path / "copied") is mapping
    assert not (tmp_path / "copied").exists()


def test_without_a_warehouse_the_tables_are_named_that_are_missing(warehouse, tmp_path):
    with pytest.raises(MappingError, match=r"'raw\.log' is no table or view of the warehouse"):
        with_tables_as_files(warehouse.log.read(), warehouse, tmp_path / "copied")


def test_a_plan_says_what_is_wrong_with_the_mapping(file, tmp_path, monkeypatch):
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path))
    for name, message in (("smaple", "did you mean 'sample'?"), (file, "'people' is no table")):
        result = CliRunner().invoke(app, ["--mapping", str(name)])
        assert result.exit_code == 1
        assert message in result.stderr
        assert "Traceback" not in result.output
        assert isinstance(result.exception, SystemExit)


def test_a_folder_called_like_a_pattern_is_only_itself(filled, tmp_path):
    mapping = filled.log.read()
    sizes = []
    for name in ("copied 2", "copied *"):
        apart = with_tables_as_files(mapping, filled, tmp_path / name)
        sizes += duckdb.sql(f"select count(*) from '{apart.events.relation}'").fetchall()
    assert sizes[0] == sizes[1]
