"""A small project with a log of six events, and mappings of it that differ in one thing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.settings import PROJECT_ROOT

EVENTS = """\
user,item,type,at,quantity
ann,tea,view,2024-01-01 10:00:00,
ann,tea,purchase,2024-01-01 10:05:00,2
bob,tea,view,2024-01-02 11:00:00,
bob,cup,view,2024-01-02 11:01:00,
bob,cup,Purchase ,2024-01-02 11:02:00,1
eve,cup,view,2024-01-03 12:00:00,
"""

EVENT_TYPES = """\
mapping,event_type,role,weight,half_life_days,daily_cap,value_min
shop,view,view,1,30,,
shop,purchase,positive,3,90,,0
other,read,positive,1,30,,
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the root of a project with the real macros and the log `log/events.csv`."""
    root = tmp_path / "project"
    shutil.copytree(PROJECT_ROOT / "macros", root / "macros")
    (root / "seeds").mkdir()
    (root / "seeds" / "event_types.csv").write_text(EVENT_TYPES)
    (root / "log").mkdir()
    (root / "log" / "events.csv").write_text(EVENTS)
    return root


@pytest.fixture
def shop() -> dict[str, Any]:
    """Return the mapping of `log/events.csv`, as the content of a file."""
    columns = {
        "user_id": "user",
        "item_id": "item",
        "event_type": "type",
        "occurred_at": "at",
        "value": "quantity",
    }
    return {"name": "shop", "events": {"relation": "log/events.csv", "columns": columns}}


@pytest.fixture
def write(project: Path) -> Callable[[object], Path]:
    """Return a function that writes a mapping and tells where."""

    def write_mapping(mapping: object) -> Path:
        file = project / "shop.yml"
        file.write_text(yaml.safe_dump({"mapping": mapping}, sort_keys=False))
        return file

    return write_mapping


@pytest.fixture
def save(project: Path) -> Callable[[str, str], None]:
    """Return a function that writes the rows of a query to a file of the project."""

    def save_rows(query: str, file: str) -> None:
        (project / file).parent.mkdir(exist_ok=True)
        duckdb.connect().sql(query).write_parquet(str(project / file))

    return save_rows
