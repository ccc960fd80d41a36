"""`topshelf report`, on a published file of a few literal rows."""

import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli import app


@pytest.fixture
def home(tmp_path, monkeypatch, tables):
    """Publish the tables; what the command takes for its home."""
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("TOPSHELF_MAPPING", "sample")
    (tmp_path / "sample").mkdir()
    orders = {"exp_arms": "variant_number", "exp_decisions": "step_number"}
    with duckdb.connect(str(tmp_path / "sample" / "published.duckdb")) as connection:
        connection.execute("create schema experiments")
        for name, frame in tables.items():
            rows = frame.assign(**{orders[name]: range(len(frame))}) if name in orders else frame
            connection.register("told", rows)
            connection.execute(f"create table experiments.{name} as select * from told")
    return tmp_path


def report(*arguments):
    return CliRunner().invoke(app, ["report", *arguments])


def test_the_page_of_the_product_is_written_and_its_path_is_printed(home):
    done = report()
    assert done.exit_code == 0, done.output
    page = home / "sample" / "reports" / "product.html"
    assert done.stdout == f"{page}\n"
    assert "Do users come back?" in page.read_text(encoding="utf-8")


def test_the_page_of_an_experiment_is_named_after_it(home):
    done = report("e-1", "--json")
    assert done.exit_code == 0, done.output
    page = Path(json.loads(done.stdout)["page"])
    assert page == home / "sample" / "reports" / "e-1.html"
    assert "Ship new. It is better." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["e-2", "../e-1", "broken"])
def test_an_experiment_that_cannot_be_shown_leaves_no_page(home, name):
    done = report(name)
    assert done.exit_code == 1
    assert repr(name) in done.stderr
    assert not (home / "sample" / "reports").exists()


def test_before_the_first_run_the_command_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("TOPSHELF_MAPPING", "sample")
    done = report()
    assert done.exit_code != 0
    assert "topshelf run" in done.stderr
