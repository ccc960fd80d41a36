"""What a release says of itself: what it was made from, and how good it was found to be."""

import hashlib
import json
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb

from orchestration.fingerprint import log_fingerprint
from orchestration.lookups import Row, rows_of
from orchestration.mapping import Mapping
from orchestration.reviewed import ReviewedSettings, sql_defaults
from orchestration.run_record import INTERVALS, revision_tags, settings_params

# Whose version may change what is learned, or how it is read.
LIBRARIES = (
    "dagster",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "feast",
    "numba",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
)
MOMENTS = "select release_id, generated_at, ranked_at from serving.rec_release"
FRESHNESS = "select measured_at, last_known_at, age_hours from monitoring.mon_log_freshness"


def manifest_of(
    connection: duckdb.DuckDBPyConnection,
    mapping: Mapping,
    used: ReviewedSettings,
    project_root: Path,
    now: datetime,
) -> dict[str, Any]:
    """Gather what a release is made from, but its counts and its name.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse.
    mapping : Mapping
        The log.
    used : ReviewedSettings
        The settings of the run.
    project_root : Path
        Folder of `dbt_project.yml`.
    now : datetime
        When the release is written.
    """
    moments = rows_of(connection, MOMENTS)[0]
    sql = {**sql_defaults(project_root), **used.sql}
    params = settings_params(used, project_root)
    chosen = {"mapping": mapping.model_dump(mode="json"), "settings": params}
    digest = hashlib.sha256(json.dumps(chosen, sort_keys=True, default=str).encode()).hexdigest()
    return {
        "created_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "generated_at": moments["generated_at"],
        "ranked_at": moments["ranked_at"],
        "ranked_by": moments["release_id"],
        "mapping": mapping.name,
        "lists": {
            "per_user": int(sql["recommendations_per_user"]),
            "neighbours": int(sql["neighbours_served"]),
            "repeats": bool(mapping.repeats),
        },
        "log": rows_of(connection, FRESHNESS)[0],
        "metrics": [_without_nan(row) for row in rows_of(connection, INTERVALS)],
        "settings": params,
        "fingerprints": {
            "data": asdict(log_fingerprint(connection)),
            "settings": digest[:16],
            "code": revision_tags(project_root),
            "libraries": library_versions(),
        },
    }


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of what takes part in learning and reading."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def _without_nan(row: Row) -> Row:
    """Put null in the place of nan, which JSON does not have."""
    return {name: None if value != value else value for name, value in row.items()}
