"""The project's own SQL macros, for use outside of dbt.

How a relation is read and how a moment is parsed is decided in `macros/`. What else needs these
decisions renders the same macros, so that there is no second version of them.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined


def dbt_macro(name: str, project_root: Path) -> Callable[..., str]:
    """Return a macro of the project as a function from its arguments to SQL.

    Parameters
    ----------
    name : str
        A macro that uses nothing of dbt but other macros of the project.
    project_root : Path
        Folder of `dbt_project.yml`.
    """
    files = sorted((project_root / "macros").glob("*.sql"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    environment = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    module: Any = environment.from_string(text).module
    macro = getattr(module, name)
    return lambda *arguments: str(macro(*arguments)).strip()
