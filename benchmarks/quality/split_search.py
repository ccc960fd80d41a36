"""Settings of a fixed split, chosen on its validation pairs and written down with all trials."""

from dataclasses import replace
from pathlib import Path

import typer

from benchmarks.quality.fixed_split import FixedSplit, SplitError, plant
from benchmarks.quality.neighbours import search_neighbours
from ml.search_space import SPACES
from orchestration.mapping import load_mapping
from orchestration.reviewed import load_reviewed, sql_defaults, write_reviewed
from orchestration.settings import PROJECT_ROOT
from orchestration.tuning.plan import TuningPlan
from orchestration.tuning.search import tune

NEIGHBOURS = "neighbours"
# What `topshelf tune` searches, and the powers of co-visitation in seconds a trial. A ranker would
# need a day before the validation pairs to learn from.
PARTS = (*(part for part in SPACES if part != "ranker"), NEIGHBOURS)


def search_split(
    folder: Path, home: Path, settings_file: Path, part: str, trials: int, k: int
) -> None:
    """Search one part, and write settings and trials.

    Parameters
    ----------
    folder : Path
        Holds the split.
    home : Path
        Where everything goes that is built.
    settings_file : Path
        The reviewed settings, if there are any yet; replaced if something better is found. The
        trials go beside it.
    part : str
        Of `PARTS`.
    trials : int
        How many, >= 1.
    k : int
        Items judged by the search of `neighbours`; the others look at ten.
    """
    split = plant(folder, home, settings_file if settings_file.is_file() else None)
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    trials_file = settings_file.with_name(f"{folder.name}.{part}.trials.csv")
    if part == NEIGHBOURS:
        if split.times.is_timed:
            raise SplitError(
                f"the pairs of {folder.name} have times, which --part neighbours does not look at; "
                "search --part sql"
            )
        _search_neighbours(split, settings_file, trials_file, k, trials)
        return
    plan = TuningPlan(trials=trials, parts=(part,), folds=1)
    result = tune(split.search, plan, _say, accept=True)
    result.trials.to_csv(trials_file, index=False)
    if result.file is not None:
        settings_file.write_bytes(result.file.read_bytes())


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _search_neighbours(
    split: FixedSplit, settings_file: Path, trials_file: Path, k: int, count: int
) -> None:
    """Choose the powers of co-visitation, and write them down."""
    present = load_reviewed(load_mapping(split.final.mapping, PROJECT_ROOT), PROJECT_ROOT)
    values = {**sql_defaults(PROJECT_ROOT), **present.sql}
    trials = search_neighbours(split.validation, k, count, values)
    trials.round(6).to_csv(trials_file, index=False)
    *names, judged = trials.columns
    best = max(trials.to_dict("records"), key=lambda trial: trial[judged])
    sql = {**present.sql, **{name: best[name] for name in names}}
    comment = f"Chosen on validation pairs: {trials_file.name}."
    write_reviewed(settings_file, replace(present, sql=sql).changes(), comment)
