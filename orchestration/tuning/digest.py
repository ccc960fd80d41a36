"""Names for what a study or a table depends on: another name, another study."""

import hashlib
import json
from pathlib import Path

# What a trial's value depends on beside the log and the settings.
CODE = ("dbt_project.yml", "macros", "ml", "models", "seeds/event_types.csv")


def digest_of(*things: object) -> str:
    """Return twelve letters that change with any of some things that JSON can hold."""
    text = json.dumps(things, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def code_digest(project_root: Path) -> str:
    """Return what changes with the code that computes values: SQL and `ml`."""
    files = [
        file
        for name in CODE
        for file in sorted([project_root / name, *(project_root / name).rglob("*")])
        if file.is_file()
        and file.suffix in {".sql", ".py", ".csv", ".yml"}
        and not file.name.startswith("_")
    ]
    return digest_of(*[[str(file.relative_to(project_root)), file.read_text()] for file in files])
