"""How large the shop is, how long it lives, and how its users are."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from simulation.config import Habits, WorldConfig

# Name of the mapping, and of the folder below the home.
NAME = "demo"
# As in seeds/experiments.csv.
EXPERIMENT = "popular_or_topshelf"
CONTROL, TREATMENT = "popular", "topshelf"
# The experiment starts on the first day; the history lies before it.
START = date(2026, 2, 1)
MOST_DAYS = 56
# A return on the seventh day is known eight days after the first list, and a day later at the
# latest everything has arrived.
WINDOW_DAYS = 9
# Users to whom lists matter more than to those of the sample: a small shop shows it in a month.
HABITS = Habits(visit_floor=0.0, visit_gain=6.0, memory=0.3)


@dataclass(frozen=True)
class DemoPlan:
    """One demo; equal plans give equal results.

    Parameters
    ----------
    days : int
        Of life with topshelf.
    users, items : int
        Of the shop.
    seed : int
        Of everything that is drawn, >= 0.
    history_days : int
        Before topshelf, when the shop showed popular items itself.
    refresh_days : int
        Days after which the pipeline runs again; half of the days, if they are fewer.
    replays : int
        Lives of the whole shop with each arm, of which the true lift is the mean.

    Raises
    ------
    ValueError
        If a number cannot be used.
    """

    days: int = 28
    users: int = 1500
    items: int = 300
    seed: int = 1
    history_days: int = 84
    refresh_days: int = 14
    replays: int = 2

    def __post_init__(self) -> None:
        """Refuse what would give no answer."""
        if not WINDOW_DAYS < self.days <= MOST_DAYS:
            raise ValueError(
                f"days must be {WINDOW_DAYS + 1} to {MOST_DAYS}, got {self.days}: a return on the "
                "seventh day must be known by the end"
            )
        for name, least in (("users", 100), ("items", 50), ("history_days", 56)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be >= {least}, got {getattr(self, name)}")
        for name in ("refresh_days", "replays"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be >= 1, got {getattr(self, name)}")

    @cached_property
    def world(self) -> WorldConfig:
        """The shop from the first day of its history to the last of the demo."""
        return WorldConfig(
            users=self.users,
            items=self.items,
            days=self.history_days + self.days,
            seed=self.seed,
            end_date=START + timedelta(days=self.days),
            habits=HABITS,
        )

    @property
    def refreshes(self) -> list[int]:
        """Days at whose midnight the pipeline runs, for the days that follow."""
        return [*range(0, self.days, min(self.refresh_days, (self.days + 1) // 2))]

    def midnight(self, day: int) -> datetime:
        """Return the beginning of a day of the demo, from 0."""
        return datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=day)
