"""What a search was asked for, and what came of it."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ml.search_space import SPACES, Value


class TuningError(RuntimeError):
    """A log on which settings cannot be compared."""


@dataclass(frozen=True)
class TuningPlan:
    """What to search, and how long.

    Parameters
    ----------
    trials : int
        Of each part, with those of earlier calls, >= 1. The first has the present settings.
    timeout_seconds : float, optional
        No trial begins later; the present settings are tried in any case.
    parts : tuple of str
        Of `SPACES`, searched in that order.
    folds : int
        Periods that a trial is judged by, >= 1.
    jobs : int
        Most trials at a time, >= 1; fewer if the memory does not suffice.
    """

    trials: int = 30
    timeout_seconds: float | None = None
    parts: tuple[str, ...] = tuple(SPACES)
    folds: int = 2
    jobs: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be searched."""
        for name in ("trials", "folds", "jobs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")
        if self.timeout_seconds is not None and not self.timeout_seconds > 0:
            raise ValueError(f"timeout_seconds must be > 0, got {self.timeout_seconds}")
        unknown = sorted(set(self.parts) - set(SPACES))
        if unknown or not self.parts:
            raise ValueError(f"parts must be some of {', '.join(SPACES)}, got {list(self.parts)}")


@dataclass(frozen=True)
class PartResult:
    """What the search of one part found.

    Attributes
    ----------
    part : str
        Which.
    study : str
        Under which name its trials are kept.
    finished : int
        Trials that were judged by all folds, of this and earlier calls.
    pruned, failed : int
        Trials that were given up, or could not be computed.
    present_value, best_value : float
        nDCG@10 of the present settings and of the best, mean over the folds.
    best_trial : int
        Number of the best.
    best : dict
        Its settings.
    """

    part: str
    study: str
    finished: int
    pruned: int
    failed: int
    present_value: float
    best_value: float
    best_trial: int
    best: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class TuningResult:
    """What a search found.

    Attributes
    ----------
    parts : list of PartResult
        In the order of the search.
    trials : DataFrame
        Of `ml.schemas.evaluation.TuningTrials`: those of earlier searches too.
    importances : dict of str to dict
        For each part, how much of the differences between its trials each setting explains; a part
        with too few trials has none.
    setting : str
        `new_items` or `with_repeats`: whose lists were judged.
    file : Path, optional
        The settings file that was written; None if nothing was better than what there is.
    reason : str
        Why `file` is a proposal though the settings file itself was to be written; else empty.
    """

    parts: list[PartResult]
    trials: pd.DataFrame
    importances: dict[str, dict[str, float]]
    setting: str
    file: Path | None
    reason: str = ""
