"""What was measured on one data set."""

from dataclasses import dataclass

import pandas as pd

COLUMNS = ["system", "metric", "value", "lower", "upper", "fit_seconds", "score_seconds"]


@dataclass(frozen=True)
class Result:
    """A table of systems, and what it took to fill it.

    Attributes
    ----------
    rows : DataFrame
        `COLUMNS`; published figures have no interval and no seconds.
    peak_bytes : int
        Most memory that the process held which measured this data set and no other.
    notes : tuple of str
        What a reader should know beside the table.
    """

    rows: pd.DataFrame
    peak_bytes: int
    notes: tuple[str, ...] = ()
