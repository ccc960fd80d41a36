"""Writing down what a search found, without losing what a person wrote meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestration.mapping import Mapping, settings_file
from orchestration.reviewed import ReviewedSettings, sql_defaults, write_reviewed
from orchestration.tuning.plan import PartResult


def content_of(file: Path) -> bytes | None:
    """Return what is in a file, comments and all; None if there is none."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def write_found(
    mapping: Mapping,
    project_root: Path,
    chosen: ReviewedSettings,
    comment: str,
    before: bytes | None,
    *,
    accept: bool,
) -> tuple[Path, str]:
    """Write the settings that were found into the settings file of a log, or a proposal beside it.

    Parameters
    ----------
    mapping : Mapping
        The log.
    project_root : Path
        Folder of `dbt_project.yml`.
    chosen : ReviewedSettings
        The settings that were found.
    comment : str
        Lines that say where they come from.
    before : bytes or None
        `content_of` the settings file when the search began.
    accept : bool
        Whether the settings file itself is written, if it is still the same.

    Returns
    -------
    file : Path
        That was written.
    reason : str
        Why it is a proposal though `accept` asked for more; else empty.
    """
    file, reason = settings_file(mapping), ""
    if accept and content_of(file) != before:
        reason = (
            f"{file.name} was changed during the search and stays as it is; "
            "the proposal sets out from what it was before"
        )
        comment = f"{comment}\n{reason}."
    if reason or not accept:
        file = file.with_name(f"{file.stem}.proposed.yml")
    defaults = sql_defaults(project_root)
    sql = {name: value for name, value in chosen.sql.items() if value != defaults[name]}
    write_reviewed(file, replace(chosen, sql=sql).changes(), comment)
    return file, reason


def comment_of(
    mapping: Mapping,
    periods: Sequence[datetime],
    setting: str,
    present: ReviewedSettings,
    results: list[PartResult],
) -> str:
    """Say where settings come from, in the lines before them.

    Parameters
    ----------
    mapping : Mapping
        The log.
    periods : sequence of datetime
        The ends of the periods that were judged.
    setting : str
        `new_items` or `with_repeats`: whose lists were judged.
    present : ReviewedSettings
        The settings that the search set out from.
    results : list of PartResult
        What it found.
    """
    told = " and ".join(f"the {mapping.horizon_days} days before {end}" for end in periods)
    lines = [
        f"Settings of {mapping.name}, written by `topshelf tune` on "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC.",
        f"nDCG@10 ({setting.replace('_', ' ')}), mean over {told}:",
        *(
            f"  {result.part}: {result.best_value:.4f}, present settings "
            f"{result.present_value:.4f}; trial {result.best_trial} of "
            f"{result.finished + result.pruned}"
            for result in results
        ),
        "The best of many trials looks better than it is; the test period has not been looked at.",
        f"Before: {present.file.name if present.file else 'the defaults'}.",
    ]
    return "\n".join(lines)
