import datetime as datetime_module
import os
import re
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import duckdb
import jinja2
import pytest

from orchestration.settings import (
    PROJECT_ROOT,
    Settings,
    building_at,
    find_programs,
    keep_compiled_code,
    read_settings,
)

# What dbt takes for now by itself when it begins at a noon.
STARTED = datetime(2026, 3, 3, 12, tzinfo=UTC)
JUST_BEFORE = datetime(2026, 3, 3, 11, 59, 59)


def test_an_empty_environment_means_the_sample_in_the_projects_data_folder():
    settings = read_settings({})
    assert settings == Settings(
        home=PROJECT_ROOT / "data", mapping="sample", project_root=PROJECT_ROOT
    )
    assert (settings.project_root / "orchestration" / "settings.py").is_file()


def test_an_empty_variable_counts_as_none():
    assert read_settings({"TOPSHELF_HOME": "", "TOPSHELF_MAPPING": ""}) == read_settings({})


def test_a_relative_home_starts_at_the_project_wherever_the_process_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert read_settings({"TOPSHELF_HOME": "elsewhere"}).home == PROJECT_ROOT / "elsewhere"


def test_an_absolute_home_is_taken_as_it_is(tmp_path):
    settings = read_settings({"TOPSHELF_HOME": str(tmp_path), "TOPSHELF_MAPPING": "shop.yml"})
    assert settings.home == tmp_path
    assert settings.mapping == "shop.yml"


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("TOPSHELF_EXPLORE", "abc", "a number in [0, 1]"),
        ("TOPSHELF_EXPLORE", "7", "a number in [0, 1]"),
        ("TOPSHELF_EXPLORE", "-0.1", "a number in [0, 1]"),
        ("TOPSHELF_EXPLORE", "nan", "a number in [0, 1]"),
        ("TOPSHELF_EXPLORE_RANK", "0", "a whole number >= 1"),
        ("TOPSHELF_KEPT_RELEASES", "abc", "a whole number >= 1"),
        ("TOPSHELF_PROMOTE", "Auto", "auto or manual"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_name_of_its_variable(name, value, rule):
    with pytest.raises(ValueError, match=f"^{re.escape(f'{name} must be {rule}, got {value!r}')}$"):
        read_settings({name: value})


@pytest.mark.parametrize("below", ["", "deep/below"])
def test_a_home_is_no_file_and_is_not_below_one(tmp_path, below):
    file = tmp_path / "taken"
    file.touch()
    home = file / below
    with pytest.raises(
        ValueError, match=f"TOPSHELF_HOME must be a folder, got '{home}'; {file} is"
    ):
        read_settings({"TOPSHELF_HOME": str(home)})
    assert read_settings({"TOPSHELF_HOME": str(tmp_path / "new" / "one")}).home.name == "one"


def test_the_bounds_of_a_share_are_in_it():
    for text in ("0", "1", "0.25", ""):
        assert read_settings({"TOPSHELF_EXPLORE": text}).explore == float(text or 0)


def test_records_go_below_the_home_unless_a_server_is_named(tmp_path):
    settings = read_settings({"TOPSHELF_HOME": str(tmp_path)})
    assert settings.tracking_store == f"sqlite:///{tmp_path}/mlflow/mlflow.db"
    assert settings.tracking_files == tmp_path / "mlflow" / "files"
    server = read_settings({"MLFLOW_TRACKING_URI": "http://records:5000"})
    assert server.tracking_store == "http://records:5000"


def test_the_environment_comes_back_after_a_block(monkeypatch, tmp_path):
    monkeypatch.setenv("TOPSHELF_HOME", "before")
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with Settings(home=tmp_path).exported():
        assert os.environ["TOPSHELF_HOME"] == str(tmp_path)
        assert "DAGSTER_HOME" in os.environ
    assert os.environ["TOPSHELF_HOME"] == "before"
    assert "DAGSTER_HOME" not in os.environ


def test_the_environment_of_the_process_is_read_when_none_is_given(monkeypatch):
    monkeypatch.setenv("TOPSHELF_MAPPING", "deskdrop")
    assert read_settings().mapping == "deskdrop"


def test_every_mapping_has_a_folder_of_its_own():
    places = Settings(home=Path("/home/of/all")).places("my_shop")
    assert places.warehouse == Path("/home/of/all/my_shop/warehouse.duckdb")
    assert places.snapshot == Path("/home/of/all/my_shop/published.duckdb")
    assert places.features == Path("/home/of/all/my_shop/features")
    assert places.feature_registry == Path("/home/of/all/my_shop/registry.db")
    assert places.online_store == Path("/home/of/all/my_shop/online.db")
    assert places.plots == Path("/home/of/all/my_shop/plots")


@pytest.mark.parametrize("name", ["", "..", "a/b", "My Shop", "shop\n"])
def test_a_name_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(ValueError, match="a mapping's name may hold a-z, 0-9 and _, got"):
        Settings().places(name)


def test_folders_are_made_and_may_exist_already(tmp_path):
    places = Settings(home=tmp_path / "new").places("shop")
    places.make_folders()
    places.make_folders()
    assert places.features.is_dir()
    assert places.plots.is_dir()


def test_other_programs_get_the_same_files_and_no_telemetry(tmp_path, monkeypatch):
    for name in ("TOPSHELF_HOME", "TOPSHELF_MAPPING", "DAGSTER_HOME", "DO_NOT_TRACK"):
        monkeypatch.setenv(name, "before")
    monkeypatch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "true")
    monkeypatch.setenv("FEAST_USAGE", "True")
    monkeypatch.setenv("SQLMESH__DISABLE_ANONYMIZED_ANALYTICS", "false")
    settings = Settings(home=tmp_path, mapping="deskdrop")
    settings.export()
    assert read_settings().home == tmp_path
    assert read_settings().mapping == "deskdrop"
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / "dagster")
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    assert os.environ["FEAST_USAGE"] == "False"
    assert os.environ["SQLMESH__DISABLE_ANONYMIZED_ANALYTICS"] == "true"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_programs_beside_python_are_found_once(monkeypatch):
    monkeypatch.setenv("PATH", "/somewhere")
    find_programs()
    find_programs()
    folder = str(Path(sys.executable).parent)
    assert os.environ["PATH"].split(os.pathsep) == [folder, "/somewhere"]


@pytest.mark.parametrize("full", ["", "ml", "serving"])
def test_compiled_code_goes_below_the_home_only_where_it_cannot_be_beside_the_source(
    tmp_path, monkeypatch, full
):
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    for package in ("ml", "serving"):
        (tmp_path / package).mkdir()
    if full:
        # No folder can be made of it, whoever tries.
        (tmp_path / full / "__pycache__").touch()
    keep_compiled_code(tmp_path)
    assert os.environ["NUMBA_CACHE_DIR"] == (str(tmp_path / "home" / "compiled") if full else "")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
    keep_compiled_code(tmp_path)
    assert os.environ["NUMBA_CACHE_DIR"] == "/chosen"


def moment(as_of: object, time_zone: str = "UTC") -> datetime:
    """Compute what dbt takes for now in a log with an `as_of`."""
    files = [
        PROJECT_ROOT / "macros" / f"{name}.sql" for name in ("utc_timestamp", "current_moment")
    ]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    template = jinja2.Environment(autoescape=False).from_string(text + "{{ current_moment() }}")
    sql = template.render(
        env_var=lambda name, default: os.environ.get(name, default),
        var=lambda _: {"as_of": as_of} if as_of else {},
        run_started_at=STARTED,
        modules=SimpleNamespace(datetime=datetime_module),
    )
    with duckdb.connect() as connection:
        connection.execute(f"set timezone = '{time_zone}'")
        ((found,),) = connection.execute(f"select {sql}").fetchall()
    return found


def test_the_moment_of_a_build_goes_before_that_of_the_mapping_and_is_gone_afterwards(monkeypatch):
    monkeypatch.delenv("TOPSHELF_AS_OF", raising=False)
    with building_at("2026-03-02 00:00:00"):
        assert moment("2026-01-01 00:00:00") == datetime(2026, 3, 2)
    assert "TOPSHELF_AS_OF" not in os.environ
    assert moment("2026-01-01 00:00:00") == datetime(2026, 1, 1)
    assert moment(None) == JUST_BEFORE


@pytest.mark.parametrize("time_zone", ["UTC", "Europe/Oslo"])
@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        ("2026-03-01T00:00:00+02:00", datetime(2026, 2, 28, 22)),
        ("2026-03-01 00:00:00-05:00", datetime(2026, 3, 1, 5)),
        ("2026-03-01T00:00:00Z", datetime(2026, 3, 1)),
        ("2026-03-01 12:30:00.25", datetime(2026, 3, 1, 12, 30, 0, 250_000)),
        # As YAML reads what is written without quotes.
        (date(2026, 3, 1), datetime(2026, 3, 1)),
        (datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 2, 28, 22)),
    ],
)
def test_the_moment_of_a_mapping_is_read_in_utc(as_of, expected, time_zone, monkeypatch):
    monkeypatch.delenv("TOPSHELF_AS_OF", raising=False)
    assert moment(as_of, time_zone) == expected


def test_a_moment_that_cannot_be_read_is_an_error(monkeypatch):
    monkeypatch.delenv("TOPSHELF_AS_OF", raising=False)
    with pytest.raises(duckdb.ConversionException, match="the first of March"):
        moment("the first of March")


def test_a_build_without_a_moment_does_not_take_that_of_another_program(monkeypatch):
    monkeypatch.setenv("TOPSHELF_AS_OF", "2020-01-01 00:00:00")
    with building_at(None):
        assert moment(None) == JUST_BEFORE
    assert os.environ["TOPSHELF_AS_OF"] == "2020-01-01 00:00:00"
    assert read_settings({}).environment()["TOPSHELF_AS_OF"] == ""
