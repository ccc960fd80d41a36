"""The command `python -m benchmarks.quality`."""

import csv
import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.quality.fixed_split import FixedSplit, SplitError, is_fixed_split, plant
from benchmarks.quality.lists import Measured, log_seconds, measure, try_blends
from benchmarks.quality.neighbours import search_neighbours
from orchestration.mapping import load_mapping
from orchestration.reviewed import load_reviewed, sql_defaults, write_reviewed
from orchestration.settings import PROJECT_ROOT, Settings, find_programs
from orchestration.tuning.plan import TuningPlan
from orchestration.tuning.search import tune

HERE = Path(__file__).parent
DATA = PROJECT_ROOT / ".." / "shared" / "data"
SHIPPED = ["gowalla", "amazon_video_games", "online_retail", "complete_journey", "deskdrop"]
MEBIBYTE = 2**20
# Of co-visitation, against 1 of the factorisation.
BLEND_WEIGHTS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    data: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folder of a fixed split (events.parquet with a column split: train, test, maybe "
            "validation), name of such a folder beside the shipped ones, or a mapping.",
        ),
    ] = None,
    k: Annotated[int | None, typer.Option(help="Items judged in a fixed split.")] = None,
    search: Annotated[
        int,
        typer.Option(
            help="Trials to choose the settings of a fixed split with, on validation pairs; 0 uses "
            "those that are stored."
        ),
    ] = 0,
    part: Annotated[
        str, typer.Option(help="What is searched: sql, als, blend or neighbours.")
    ] = "als",
    home: Annotated[
        Path | None, typer.Option(help="Folder to build in; one for the time being if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSON.")] = False,
) -> None:
    """Measure the quality of the lists, on public data, beside published figures.

    Fixed splits are ranked in full, training items removed. Logs with times are judged by their
    last days, by the evaluation of `topshelf run`.
    """
    find_programs()
    console = Console(highlight=False)
    with TemporaryDirectory() as temporary:
        root = (home or Path(temporary)).resolve()
        for name in data or SHIPPED:
            folder = _folder(name)
            try:
                if folder is not None and is_fixed_split(folder):
                    settings_file = HERE / "settings" / f"{folder.name}.settings.yml"
                    rows = _fixed(folder, root, settings_file, k, search, part, console)
                else:
                    rows = _log(name, root, console)
            except SplitError as error:
                typer.echo(str(error), err=True)
                raise typer.Exit(1) from error
            if as_json:
                typer.echo(json.dumps(rows.to_dict("records")))
            else:
                console.print(_table(name, rows))


def _folder(name: str) -> Path | None:
    """Return the folder that is meant, if it holds events."""
    for folder in (Path(name), DATA / name):
        if (folder / "events.parquet").is_file():
            return folder.resolve()
    return None


def _fixed(
    folder: Path,
    root: Path,
    settings_file: Path,
    k: int | None,
    trials: int,
    part: str,
    console: Console,
) -> pd.DataFrame:
    """Measure a fixed split; choose its settings first if trials are asked for."""
    published = _published(folder.name)
    depth = k or (int(published[0]["metric"].rsplit("_", 1)[1]) if published else 20)
    split = plant(folder, root / folder.name, settings_file if settings_file.is_file() else None)
    if trials:
        settings_file.parent.mkdir(exist_ok=True)
        trials_file = settings_file.with_name(f"{folder.name}.{part}.trials.csv")
        if part == "blend":
            _search_blend(split, settings_file, trials_file, depth)
        elif part == "neighbours":
            _search_neighbours(split, settings_file, trials_file, depth, trials)
        else:
            plan = TuningPlan(trials=trials, parts=(part,), folds=1)
            result = tune(split.search, plan, console.print, accept=True)
            result.trials.to_csv(trials_file, index=False)
            if result.file is not None:
                settings_file.write_bytes(result.file.read_bytes())
        stored = settings_file if settings_file.is_file() else None
        split = plant(folder, root / folder.name, stored)
    measured = measure(split.final, depth, two_stages=True)
    console.print(f"two stages ordered by {measured.order}")
    console.print(f"most memory held: {measured.peak_bytes / MEBIBYTE:,.0f} MiB")
    return _fixed_rows(measured, published)


def _search_blend(split: FixedSplit, settings_file: Path, trials_file: Path, k: int) -> None:
    """Choose the weight of co-visitation in the blend on validation pairs, and write it down."""
    measure(split.validation, k, two_stages=False)
    trials = try_blends(split.validation, k, BLEND_WEIGHTS)
    _write_best(split, settings_file, trials_file, trials)


def _search_neighbours(
    split: FixedSplit, settings_file: Path, trials_file: Path, k: int, count: int
) -> None:
    """Choose the powers of co-visitation on validation pairs, and write them down."""
    mapping = load_mapping(split.final.mapping, PROJECT_ROOT)
    present = {**sql_defaults(PROJECT_ROOT), **load_reviewed(mapping, PROJECT_ROOT).sql}
    trials = search_neighbours(split.validation, k, count, present)
    _write_best(split, settings_file, trials_file, trials)


def _write_best(
    split: FixedSplit, settings_file: Path, trials_file: Path, trials: pd.DataFrame
) -> None:
    """Write all trials down, and the settings of the one with the best value, the last column."""
    trials.round(6).to_csv(trials_file, index=False)
    *names, judged = trials.columns
    best = max(trials.to_dict("records"), key=lambda trial: trial[judged])
    present = load_reviewed(load_mapping(split.final.mapping, PROJECT_ROOT), PROJECT_ROOT)
    sql = {**present.sql, **{name: best[name] for name in names}}
    comment = f"Chosen on validation pairs: {trials_file.name}."
    write_reviewed(settings_file, replace(present, sql=sql).changes(), comment)


def _fixed_rows(measured: Measured, published: list[dict[str, str]]) -> pd.DataFrame:
    """Put what was measured beside what was published."""
    rows = [
        {
            "system": row["system"],
            "metric": row["metric"],
            "value": row["value"],
            "lower": row["lower"],
            "upper": row["upper"],
            "fit_seconds": measured.seconds[row["system"]]["fit"],
            "score_seconds": measured.seconds[row["system"]]["score"],
        }
        for row in measured.intervals.to_dict("records")
        if row["system"] in measured.seconds
    ]
    rows += [
        {"system": f"{row['system']} *", "metric": row["metric"], "value": float(row["value"])}
        for row in published
    ]
    return pd.DataFrame(rows)


def _log(name: str, root: Path, console: Console) -> pd.DataFrame:
    """Run the whole way on a log with times, in a process of its own."""
    command = [sys.executable, "-m", "orchestration.cli", "run", "--mapping", name, "--json"]
    with Settings(home=root, mapping=name).exported():
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode:
        raise SplitError(f"topshelf run --mapping {name} failed")
    summary = json.loads(done.stdout)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    console.print(
        f"{summary['seconds']:,.0f} s for everything, most memory held {peak / MEBIBYTE:,.0f} MiB"
    )
    if summary["order"]:
        console.print(f"served lists ordered by {summary['order']}")
    seconds = log_seconds(summary["step_seconds"], summary["model_seconds"])
    frame = pd.DataFrame(summary["evaluation"])
    frame = frame[frame["metric"] == "ndcg_10"]
    return frame.assign(
        metric=frame["setting"] + " ndcg_10",
        fit_seconds=frame["system"].map(lambda system: seconds.get(system, {}).get("fit")),
        score_seconds=frame["system"].map(lambda system: seconds.get(system, {}).get("score")),
    )[["system", "metric", "value", "lower", "upper", "fit_seconds", "score_seconds"]]


def _published(name: str) -> list[dict[str, str]]:
    """Return the figures that others have published for a split."""
    with (HERE / "published.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["data"] == name]


def _table(name: str, rows: pd.DataFrame) -> Table:
    """Show one row a system, best first."""
    table = Table(title=f"{name} (* published)", title_justify="left", box=None, pad_edge=False)
    metrics = list(dict.fromkeys(rows["metric"]))
    table.add_column("system", no_wrap=True)
    for metric in metrics:
        table.add_column(metric.replace("_", "@", 1) if " " not in metric else metric)
    timed = "fit_seconds" in rows
    for head in ("fit s", "score s") if timed else ():
        table.add_column(head, justify="right")
    order = rows[rows["metric"] == metrics[-1]].sort_values("value", ascending=False)["system"]
    for system in order:
        mine = rows[rows["system"] == system].set_index("metric")
        cells = [_cell(mine.loc[metric]) if metric in mine.index else "" for metric in metrics]
        if timed:
            first = mine.iloc[0]
            cells += [
                "" if pd.isna(first[column]) else f"{first[column]:.1f}"
                for column in ("fit_seconds", "score_seconds")
            ]
        table.add_row(system, *cells)
    return table


def _cell(row: pd.Series) -> str:
    """Show a value, with its interval if it has one."""
    if pd.isna(row.get("lower")):
        return f"{row['value']:.4f}"
    return f"{row['value']:.4f} [{row['lower']:.4f}, {row['upper']:.4f}]"


if __name__ == "__main__":
    app()
