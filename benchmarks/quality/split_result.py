"""A fixed split, measured beside what others have published."""

import csv
import os
from pathlib import Path

import pandas as pd

from benchmarks.quality.fixed_split import plant
from benchmarks.quality.lists import Measured, measure
from benchmarks.quality.result import COLUMNS, Result
from benchmarks.speed.processes import peak_bytes

PUBLISHED = Path(__file__).parent / "published.csv"


def measure_split(folder: Path, home: Path, settings_file: Path, k: int) -> Result:
    """Measure a split in this process, which is to do nothing else.

    Parameters
    ----------
    folder : Path
        Holds the split.
    home : Path
        Where everything goes that is built.
    settings_file : Path
        The reviewed settings, if there are any.
    k : int
        Items judged.
    """
    split = plant(folder, home, settings_file if settings_file.is_file() else None)
    measured = measure(split.final, k)
    rows = split_rows(measured, published(folder.name))
    notes = (f"two stages ordered by {measured.order}", *split.notes)
    return Result(rows, peak_bytes(os.getpid()), notes)


def split_rows(measured: Measured, others: list[dict[str, str]]) -> pd.DataFrame:
    """Put what was measured beside what was published."""
    seconds, intervals = measured.seconds, measured.intervals
    rows = intervals[intervals["system"].isin(list(seconds))].assign(
        fit_seconds=lambda frame: frame["system"].map(lambda system: seconds[system]["fit"]),
        score_seconds=lambda frame: frame["system"].map(lambda system: seconds[system]["score"]),
    )[COLUMNS]
    beside = [
        {"system": f"{row['system']} *", "metric": row["metric"], "value": float(row["value"])}
        for row in others
    ]
    return pd.DataFrame([*rows.to_dict("records"), *beside], columns=COLUMNS)


def published(name: str) -> list[dict[str, str]]:
    """Return the figures that others have published for a split."""
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["data"] == name]
