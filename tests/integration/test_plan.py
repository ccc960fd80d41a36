"""A planned change is shown with the models, columns and rows that it touches."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.settings import PROJECT_ROOT

pytestmark = pytest.mark.integration

PARTS = ["dbt_project.yml", "profiles.yml", "macros", "mappings", "models", "orchestration"]
PARTS += ["feature_repo", "ml", "seeds", "tests/warehouse"]
GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the project into a git repository of its own."""
    folder = tmp_path / "project"
    for part in PARTS:
        source, target = PROJECT_ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Start"]):
        subprocess.run([*GIT, *arguments], cwd=folder, check=True)
    return folder


@pytest.fixture
def warehouse(project: Path) -> Path:
    """Put the log into a table of dbt's warehouse, and have the mapping name it."""
    warehouse = project / "data" / "sample" / "warehouse.duckdb"
    warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw")
        connection.execute(f"create table raw.log as from '{project}/seeds/sample/events.parquet'")
    content = yaml.safe_load((project / "mappings" / "sample.yml").read_text())
    content["mapping"]["events"]["relation"] = "raw.log"
    (project / "shop.yml").write_text(yaml.safe_dump(content))
    return warehouse


def plan(project: Path) -> str:
    """Run the command in the project and return what it prints."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(project),
        "TOPSHELF_HOME": str(project / "data"),
        "TOPSHELF_MAPPING": "shop.yml",
        "COLUMNS": "200",
    }
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "orchestration.plan", "--limit", "1"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_a_changed_model_is_shown_with_what_follows_from_it(project, warehouse):
    built = warehouse.read_bytes()
    assert "builds the same models as HEAD" in plan(project)

    model = project / "models" / "candidates" / "cnd_popular_items.sql"
    text = model.read_text()
    assert "round(fsum(recency), 9)" in text
    model.write_text(text.replace("round(fsum(recency), 9)", "round(fsum(recency), 2)"))
    shown = plan(project)

    lines = [line.split() for line in shown.splitlines()]
    assert ["changed", "candidates.cnd_popular_items"] in [words[:2] for words in lines]
    assert ["downstream", "serving.rec_popular_items"] in [words[:2] for words in lines]
    assert "int_user_items" not in [word for words in lines for word in words]
    # Column lineage: the score of the candidate is the score that is served.
    assert "candidate_score differs and is read by:" in shown
    assert ["serving.rec_popular_items.score"] in lines
    # Rows: every item's score differs, none appears or goes.
    assert any(words[:1] == ["candidates.cnd_popular_items"] and "0" in words for words in lines)
    assert warehouse.read_bytes() == built
