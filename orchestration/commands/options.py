"""Options that several commands take, and the settings that they choose."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from orchestration.settings import Settings, read_settings
from orchestration.variables import usable_home

MappingOption = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        "-m",
        help="The log: name of a shipped mapping, or the path of a mapping file. "
        "[default: TOPSHELF_MAPPING, else sample]",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]
VerboseOption = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Show what dbt and Dagster print, and stack traces."),
]


def settings_of(mapping: str | None = None, home: Path | None = None) -> Settings:
    """Return the settings of the machine, with the log and the home that a command names if any.

    Raises
    ------
    Exit
        With the code of a wrong option, if they cannot be used; the terminal says why.
    """
    try:
        settings = read_settings()
        if home is not None:
            chosen = usable_home(home.expanduser().resolve(), "--home")
            settings = replace(settings, home=chosen)
    # A folder above the home may be one that nobody may look into.
    except (ValueError, OSError) as error:
        refuse(error)
    return replace(settings, mapping=mapping) if mapping else settings


def refuse(error: Exception) -> NoReturn:
    """Say in the terminal which value cannot be used, and end with the code of a wrong option."""
    # It takes a while to load what the terminal is written with.
    from orchestration.terminal.answers import complain

    complain(str(error))
    raise typer.Exit(2) from error


class Command(TyperCommand):
    """A command whose refusals name the value that was typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Read what was typed."""
        from pydantic import ValidationError

        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            # Typer lets pydantic judge, and passes on the rule alone.
            if isinstance(error.__cause__, ValidationError):
                error.message = _refusal(error.__cause__.errors()[0])
            raise


def _refusal(details: Mapping[str, Any]) -> str:
    """Say which rule a value breaks, as errors of our own do."""
    bounds = details.get("ctx", {})
    for name, sign in (("ge", ">="), ("le", "<=")):
        if name in bounds:
            return f"must be {sign} {bounds[name]:g}, got {details['input']}"
    return f"{details['msg']}, got {details['input']!r}"
