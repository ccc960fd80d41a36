"""Understanding the values of environment variables; a refusal names the variable and the rule."""

import math
from collections.abc import Mapping as Dictionary
from pathlib import Path


def usable_home(path: Path, name: str) -> Path:
    """Return the path of a home, if that is a folder or can become one.

    Parameters
    ----------
    path : Path
        Absolute.
    name : str
        Of the variable or option that chose it.

    Raises
    ------
    ValueError
        If a file stands there, or where a folder above it must be; or if Dagster, which names its
        databases by addresses, would take what follows a `?` for options.
    """
    if "?" in str(path):
        raise ValueError(f"{name} must be a path without '?', got {str(path)!r}")
    for place in (path, *path.parents):
        if place.is_file():
            raise ValueError(f"{name} must be a folder, got {str(path)!r}; {place} is a file")
    return path


def whole_number(variables: Dictionary[str, str], name: str) -> int | None:
    """Return a whole number >= 1; None if the variable is empty or there is none."""
    text = variables.get(name) or ""
    if text and not (text.isdecimal() and int(text) >= 1):
        raise ValueError(f"{name} must be a whole number >= 1, got {text!r}")
    return int(text) if text else None


def share(variables: Dictionary[str, str], name: str) -> float:
    """Return a number in [0, 1]; 0 if the variable is empty or there is none."""
    text = variables.get(name) or "0"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number in [0, 1], got {text!r}")
    return value


def is_automatic(variables: Dictionary[str, str], name: str) -> bool:
    """Tell `auto`, which an empty variable or none means too, from `manual`."""
    text = variables.get(name) or "auto"
    if text not in {"auto", "manual"}:
        raise ValueError(f"{name} must be auto or manual, got {text!r}")
    return text == "auto"
