"""What the application needs to know; the command line fills it in."""

from dataclasses import dataclass, field
from pathlib import Path

from feature_repo.recent_events import FILE
from serving.experiments import NOBODY, Holdout, RunningExperiment
from serving.keys import ApiKey
from serving.limits import Limits


@dataclass(frozen=True)
class Exploration:
    """How often a place in a list is given to an item that would not have had it.

    Parameters
    ----------
    rate : float
        Share of the answers that explore, in [0, 1]; 0 is never.
    rank : int
        Place that is given away, >= 1; a shorter list does not explore.
    depth : int
        So many items that follow the list are drawn from, all with the same chance, >= 1.
    """

    rate: float = 0.0
    rank: int = 5
    depth: int = 20

    def __post_init__(self) -> None:
        """Refuse what is no chance or no place."""
        if not 0 <= self.rate <= 1:
            msg = f"rate must be in [0, 1], got {self.rate}"
            raise ValueError(msg)
        for name in ("rank", "depth"):
            if getattr(self, name) < 1:
                msg = f"{name} must be >= 1, got {getattr(self, name)}"
                raise ValueError(msg)


@dataclass(frozen=True)
class ServingSettings:
    """One application, of one log.

    Parameters
    ----------
    home : Path
        Folder of the log: the releases are in it, the landing log and the online store.
    project : str
        Feast's name for the feature store.
    online_store : str
        Address of a Redis server, `redis://…`; empty is a file below `home`.
    keys : tuple of ApiKey
        Who may ask; without any, everybody may.
    limits : Limits
        Of one process.
    exploration : Exploration
        Whether lists explore.
    store_seconds : float
        How long the online store is waited for, > 0.
    rank_seconds : float
        How long a list that reflects recent events may take before the stored one is sent, > 0.
    metrics_folder : Path, optional
        Where several processes keep their metrics together.
    experiments : tuple of RunningExperiment
        Whose arms change what some users get.
    holdout : Holdout
        Users who get the same policy whatever is released.
    """

    home: Path
    project: str = "topshelf_sample"
    online_store: str = ""
    keys: tuple[ApiKey, ...] = ()
    limits: Limits = field(default_factory=Limits)
    exploration: Exploration = field(default_factory=Exploration)
    store_seconds: float = 0.1
    rank_seconds: float = 0.25
    metrics_folder: Path | None = None
    experiments: tuple[RunningExperiment, ...] = ()
    holdout: Holdout = NOBODY

    @property
    def landing(self) -> Path:
        """The folder of the landing log, a folder a stream."""
        return self.home / "landing"

    @property
    def releases(self) -> Path:
        """The folder of the releases."""
        return self.home / "releases"

    @property
    def recent_events(self) -> Path:
        """The file of recent events, where no Redis server keeps them."""
        return self.home / FILE
