"""Options that several commands take, and the settings that they choose."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

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
