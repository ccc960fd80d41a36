"""Options that several commands take, and the settings that they choose."""

from dataclasses import replace
from typing import Annotated

import typer

from orchestration.settings import Settings, read_settings

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


def settings_of(mapping: str | None) -> Settings:
    """Return the settings of the machine, with the log that a command names if it names one."""
    settings = read_settings()
    return replace(settings, mapping=mapping) if mapping else settings
