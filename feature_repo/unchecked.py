"""Feast without run-time checks of its own types."""

from collections.abc import Callable
from typing import Any

import typeguard


def leave_types_unchecked() -> None:
    """Let Feast be imported as it is written.

    Feast marks its classes with `typeguard.typechecked`, which compiles the source of each anew as
    it is imported: more than half of the seconds that its import takes. As under `python -O`, the
    mark does nothing here. Nothing else that topshelf uses has it. Call this before Feast is
    imported.
    """
    typeguard.typechecked = _as_written


def _as_written(target: Any = None, **_: object) -> Any:  # noqa: ANN401
    """Return a class or a function unchanged, also when the mark has options."""
    if target is None:
        unchanged: Callable[[Any], Any] = _as_written
        return unchanged
    return target
