"""What a run of the product leaves in MLflow."""

import json
import subprocess
import tomllib
from dataclasses import asdict
from pathlib import Path

import duckdb
import pandas as pd

from orchestration.fingerprint import Fingerprint, log_fingerprint
from orchestration.lookups import rows_of
from orchestration.reviewed import LEARNED, ReviewedSettings, sql_defaults
from orchestration.tracking import Record

INTERVALS = """
    select setting, system, metric, value, lower, upper from evaluation.evl_metric_intervals
"""
RANKER = "select name, value from ml.ranker_metrics"
RELEASE = "select release_id from serving.rec_release"
# Drawn by a search, which has records of its own.
SEARCH = "tuning_"
STATES = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


def run_record(
    connection: duckdb.DuckDBPyConnection,
    used: ReviewedSettings,
    project_root: Path,
    plots: Path,
    run_id: str,
) -> Record:
    """Gather what a run was made from, and what came of it.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    used : ReviewedSettings
        The settings of the run.
    project_root : Path
        Folder of `dbt_project.yml`.
    plots : Path
        Folder of the figures.
    run_id : str
        As in Dagster's pages.
    """
    releases = [row["release_id"] for row in rows_of(connection, RELEASE)]
    tags = {
        "dagster.run_id": run_id,
        "settings_file": str(used.file or "none"),
        **fingerprint_tags(log_fingerprint(connection)),
        **revision_tags(project_root),
    }
    return Record(
        name=str(releases[0]) if releases else run_id,
        params=settings_params(used, project_root),
        metrics=_metrics(connection),
        tags=tags,
        files=[
            *(file for file in sorted(plots.glob("*.png")) if not file.name.startswith(SEARCH)),
            *([used.file] if used.file else []),
        ],
    )


def trial_records(trials: pd.DataFrame, study: str) -> list[Record]:
    """Return a record for each trial of a study.

    Parameters
    ----------
    trials : DataFrame
        Of `ml.schemas.evaluation.TuningTrials`.
    study : str
        Whose trials.
    """
    return [
        Record(
            name=f"trial {row['trial_number']}",
            params=json.loads(row["parameters"]),
            metrics={"ndcg_10": float(row["value"]), "seconds": float(row["seconds"])},
            tags={"state": row["state"], "fold_count": str(row["fold_count"])},
            status=STATES[row["state"]],
        )
        for row in trials.loc[trials["study"] == study].to_dict("records")
    ]


def settings_params(used: ReviewedSettings, project_root: Path) -> dict[str, object]:
    """Return every setting of a run, defaults too, as `section.name`."""
    sections = {
        "sql": {**sql_defaults(project_root), **used.sql},
        **{name: asdict(getattr(used, name)) for name in LEARNED},
    }
    return {
        f"{section}.{name}": value
        for section, values in sections.items()
        for name, value in values.items()
    }


def fingerprint_tags(fingerprint: Fingerprint) -> dict[str, str]:
    """Return a fingerprint as tags."""
    return {f"data.{name}": str(value) for name, value in asdict(fingerprint).items()}


def revision_tags(project_root: Path) -> dict[str, str]:
    """Return which code ran: the version, and the commit if the project is a git checkout."""
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))
    tags = {"code.version": str(project["project"]["version"])}
    commit = _git(project_root, "rev-parse", "HEAD")
    if commit:
        tags["mlflow.source.git.commit"] = commit
        tags["code.is_changed"] = str(bool(_git(project_root, "status", "--porcelain"))).lower()
    return tags


def _git(project_root: Path, *arguments: str) -> str | None:
    """Return what git says; None where there is no git, or no checkout."""
    try:
        said = subprocess.run(
            ["git", *arguments], cwd=project_root, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return said.stdout.strip() if said.returncode == 0 else None


def _metrics(connection: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Return the evaluation as `setting.system.metric`, with bounds, and the ranker's measures."""
    metrics: dict[str, float] = {}
    for row in rows_of(connection, INTERVALS):
        name = f"{row['setting']}.{row['system']}.{row['metric']}"
        metrics[name] = row["value"]
        for bound in ("lower", "upper"):
            if row[bound] is not None:
                metrics[f"{name}.{bound}"] = row[bound]
    return metrics | {f"ranker.{row['name']}": row["value"] for row in rows_of(connection, RANKER)}
