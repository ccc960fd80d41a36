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
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "orchestration.plan",
            "--limit",
            "1",
            "--columns",
            "50",
        ],
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
    monitoring = project / "models" / "monitoring"
    filtered = monitoring / "mon_rejected_interactions.sql"
    text = filtered.read_text()
    where = "    where counted.reject_reason != 'repeated'\n\n)\n\nselect * from final"
    assert text.endswith(")\n\nselect * from final\n")
    filtered.write_text(text.removesuffix(")\n\nselect * from final\n") + where)
    columns = monitoring / "mon_log_freshness.sql"
    text = columns.read_text()
    gone = "cast(epoch(measured_at - last_known_at) / 3600.0 as double) as age_hours"
    assert gone in text
    columns.write_text(text.replace(gone, "user_count + item_count as node_count"))
    (monitoring / "mon_tops.sql").write_text(
        "select item_id, candidate_score from {{ ref('cnd_popular_items') }}"
    )
    shown = plan(project)

    lines = [line.split() for line in shown.splitlines()]
    assert ["changed", "candidates.cnd_popular_items"] in [words[:2] for words in lines]
    assert ["downstream", "serving.rec_popular_items"] in [words[:2] for words in lines]
    assert "int_user_items" not in [word for words in lines for word in words]
    # Column lineage: the score of the candidate is the score that is served.
    starts = [words[:-1] for words in lines]
    assert ["candidate_score", "computed", "otherwise"] in starts
    assert ["serving.rec_popular_items.score"] in lines
    # So do columns that come and go, and all columns of a model that holds other rows.
    assert ["age_hours", "gone", "nothing", "else"] in lines
    assert ["node_count", "new", "nothing", "else"] in lines
    assert ["rejected_count", "of", "other", "rows", "nothing", "else"] in lines
    assert ["added", "monitoring.mon_tops"] in [words[:2] for words in lines]
    assert lines.count(["candidate_score", "new", "nothing", "else"]) == 1
    assert "measured_at" not in [word for words in starts for word in words[:1]]
    # Rows: every item's score differs, none appears or goes.
    assert any(words[:1] == ["candidates.cnd_popular_items"] and "0" in words for words in lines)
    assert warehouse.read_bytes() == built
