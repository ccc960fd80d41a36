"""The command `python -m benchmarks.quality`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.quality.apart import apart
from benchmarks.quality.fixed_split import SplitError, is_fixed_split
from benchmarks.quality.folder_log import plant_log
from benchmarks.quality.lists import DEPTH
from benchmarks.quality.printed import printed
from benchmarks.quality.result import Result
from benchmarks.quality.split_result import measure_split, published
from benchmarks.quality.split_search import PARTS, search_split
from benchmarks.quality.timed_log import run_log
from orchestration.mapping import MappingError, load_mapping
from orchestration.mapping.load import find_mapping
from orchestration.settings import PROJECT_ROOT, Settings, find_programs
from orchestration.tuning.plan import TuningError

HERE = Path(__file__).parent
DATA = PROJECT_ROOT / ".." / "shared" / "data"
SHIPPED = ["gowalla", "amazon_video_games", "online_retail", "complete_journey", "deskdrop"]
DEFAULT_PART = "als"

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for, beside the data."""

    k: int | None
    trials: int
    part: str | None
    horizon_days: int | None
    repeats: bool

    def of_splits(self) -> list[str]:
        """Return the options given that only a fixed split has a use for."""
        given = {
            "--k": self.k is not None,
            "--search": self.trials > 0,
            "--part": self.part is not None,
        }
        return [option for option, is_given in given.items() if is_given]

    def of_logs(self) -> list[str]:
        """Return the options given that only a log without a mapping has a use for."""
        given = {"--horizon": self.horizon_days is not None, "--repeats": self.repeats}
        return [option for option, is_given in given.items() if is_given]


@app.command()
def main(
    data: Annotated[
        list[str] | None,
        typer.Argument(
            help="A folder with events.parquet, the name of such a folder beside the shipped ones, "
            "or a mapping. With a column split (train, test, maybe validation) it is a fixed "
            "split, else a log with times. [default: the shipped five]",
            show_default=False,
        ),
    ] = None,
    k: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=DEPTH,
            help="Items judged in a fixed split. [default: as published, else 20]",
            show_default=False,
        ),
    ] = None,
    search: Annotated[
        int,
        typer.Option(
            min=0,
            help="Trials to choose the settings of a fixed split with, on validation pairs; 0 uses "
            "those that are stored.",
        ),
    ] = 0,
    part: Annotated[
        str | None,
        typer.Option(
            help=f"What is searched: {', '.join(PARTS)}. [default: {DEFAULT_PART}]",
            show_default=False,
        ),
    ] = None,
    horizon: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Last days by which a log without a mapping is judged. [default: an eighth of "
            "it, 28 at most]",
            show_default=False,
        ),
    ] = None,
    repeats: Annotated[
        bool, typer.Option(help="Whether lists for a log without a mapping may repeat items.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder to build in; one for the time being if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all results as JSON.")] = False,
) -> None:
    """Measure the quality of the lists, on public data, beside published figures.

    Fixed splits are ranked in full, training items removed. Logs with times are judged by their
    last days, by the evaluation of `topshelf run`. Progress goes to standard error.
    """
    if part is not None and part not in PARTS:
        raise typer.BadParameter(f"must be one of {', '.join(PARTS)}, got {part!r}")
    if part is not None and not search:
        raise typer.BadParameter("--part says what is searched: add --search TRIALS")
    wanted = Wanted(k, search, part, horizon, repeats)
    names = data or SHIPPED
    with _errors_told():
        # All of them before the first is measured, which may take an hour.
        for name in names:
            refuse_unused(name, wanted)
    find_programs()
    console, results = Console(highlight=False), []
    with TemporaryDirectory() as temporary:
        for name in names:
            with _errors_told():
                result = _result(name, (home or Path(temporary)).resolve(), wanted)
            if as_json:
                results.append(_plain(name, result))
            else:
                console.print(printed(name, result))
    if as_json:
        typer.echo(json.dumps(results))


@contextmanager
def _errors_told() -> Iterator[None]:
    """End the command with one line where data or options are not what they should be."""
    try:
        yield
    except (SplitError, MappingError, TuningError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def refuse_unused(name: str, wanted: Wanted) -> None:
    """Refuse options that a data set has no use for.

    Raises
    ------
    SplitError
        If one was given; says which, and what to do instead.
    """
    folder = _folder(name)
    of_splits, of_logs = ", ".join(wanted.of_splits()), ", ".join(wanted.of_logs())
    if folder is not None and is_fixed_split(folder):
        if of_logs:
            raise SplitError(
                f"{name} is a fixed split, whose column split says what is judged: leave out "
                f"{of_logs}, or measure it by itself"
            )
        return
    is_mapped = folder is None or _is_mapped(folder)
    if of_splits:
        mapping = (folder.name if folder else name) if is_mapped else "NAME"
        first = "" if is_mapped else "write a mapping NAME for it, and "
        raise SplitError(
            f"{name} is a log, judged by ten items with the settings of its mapping: leave out "
            f"{of_splits}, or measure it by itself; to search settings, {first}"
            f"`topshelf tune --mapping {mapping}`"
        )
    if is_mapped and of_logs:
        raise SplitError(
            f"{name} has a mapping, which says horizon_days and repeats itself: leave out {of_logs}"
        )


def _result(name: str, root: Path, wanted: Wanted) -> Result:
    """Measure one data set, in a process of its own."""
    folder = _folder(name)
    if folder is not None and is_fixed_split(folder):
        return _split_result(folder, root / folder.name, wanted)
    if folder is None or _is_mapped(folder):
        chosen = folder.name if folder else name
        find_mapping(chosen, PROJECT_ROOT)
        return run_log(Settings(home=root, mapping=chosen))
    log = plant_log(folder, root / folder.name, wanted.horizon_days, repeats=wanted.repeats)
    typer.echo(log.assumptions, err=True)
    result = run_log(log.settings)
    return Result(result.rows, result.peak_bytes, (*result.notes, log.assumptions))


def _split_result(folder: Path, home: Path, wanted: Wanted) -> Result:
    """Measure a fixed split; choose its settings first if trials are asked for."""
    others = published(folder.name)
    k = wanted.k or (int(others[0]["metric"].rsplit("_", 1)[1]) if others else 20)
    settings_file = HERE / "settings" / f"{folder.name}.settings.yml"
    if wanted.trials:
        apart(
            search_split, folder, home, settings_file, wanted.part or DEFAULT_PART, wanted.trials, k
        )
    return apart(measure_split, folder, home, settings_file, k)


def _folder(name: str) -> Path | None:
    """Return the folder that is meant, if it holds events."""
    for folder in (Path(name), DATA / name):
        if (folder / "events.parquet").is_file():
            return folder.resolve()
    return None


def _is_mapped(folder: Path) -> bool:
    """Tell whether a shipped mapping of the folder's name reads these very events."""
    file = PROJECT_ROOT / "mappings" / f"{folder.name}.yml"
    if not file.is_file():
        return False
    relation = load_mapping(folder.name, PROJECT_ROOT).events.relation
    return (PROJECT_ROOT / relation).resolve() == folder / "events.parquet"


def _plain(name: str, result: Result) -> dict[str, object]:
    """Return a result as JSON can hold it: what is not known is null."""
    rows = result.rows.astype(object).where(result.rows.notna(), None)
    return {
        "data": name,
        "peak_bytes": result.peak_bytes,
        "notes": list(result.notes),
        "rows": rows.to_dict("records"),
    }


if __name__ == "__main__":
    app()
