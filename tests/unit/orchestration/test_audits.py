import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.terminal.audits import audit_view
from orchestration.terminal.streams import plain_console

NONE = float("nan")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("TOPSHELF_MAPPING", "sample")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def audited(attribute):
    return CliRunner().invoke(app, ["audit", "--attribute", attribute])


def test_without_a_warehouse_there_is_nothing_to_audit(home):
    answer = audited("age_band")
    assert answer.exit_code == 1
    assert "nothing is built yet; `topshelf run --mapping" in answer.output


def test_a_warehouse_of_an_earlier_version_is_named(home):
    (home / "sample").mkdir(exist_ok=True)
    with duckdb.connect(str(home / "sample" / "warehouse.duckdb")) as connection:
        connection.execute("create schema ml")
    answer = audited("age_band")
    assert answer.exit_code == 1
    assert "the warehouse is of an earlier version; run `topshelf run` first" in answer.output


def test_an_attribute_that_is_no_column_of_the_users_is_named(home):
    (home / "sample").mkdir(exist_ok=True)
    with duckdb.connect(str(home / "sample" / "warehouse.duckdb")) as connection:
        connection.execute("create schema ml")
        connection.execute("create table ml.audit (attribute varchar)")
    answer = audited("age_bnd")
    assert answer.exit_code == 1
    assert "'age_bnd' is no column of seeds/sample/users.parquet" in answer.output
    assert "did you mean 'age_band'?" in answer.output


def test_the_terminal_shows_a_line_for_each_group_and_system():
    rows = [
        ("difference", "(all)", "ndcg_10", 0.25, 0.125, 0.5, 9),
        ("with", "[/old]", "head_share", 0.75, NONE, NONE, 4),
        ("with", "[/old]", "mean_popularity", 31.5, NONE, NONE, 4),
    ]
    columns = ["system", "user_group", "metric", "value", "lower", "upper", "user_count"]
    console = plain_console()
    console.width = 160
    with console.capture() as capture:
        console.print(audit_view(pd.DataFrame(rows, columns=columns), "[red]age"))
    lines = [line.split() for line in capture.get().splitlines()]
    assert lines[0][:3] == ["[red]age", "system", "users"]
    assert lines[1] == ["(all)", "difference", "9", "0.250", "0.125", "to", "0.500"]
    assert lines[2] == ["[/old]", "with", "4", "31.500", "0.750"]
