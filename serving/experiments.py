"""Which experiments a list belongs to, and what the one that decides about it asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.assignment import HOLDOUT_SALT, Experiment, assigned_arm, is_held_out

LIVE, POPULAR = "live", "popular"
# What an arm can serve that is no release by its id: the one that would answer anyway, or what is
# popular in it.
POLICIES = (LIVE, POPULAR)
HOLDOUT = "holdout"
# Stands where an answer names the alias of its release, if an arm names the release.
EXPERIMENT = "experiment"
# Of all users: the worth of the releases is seen without taking them from most.
MOST_HELD_OUT = 0.5


@dataclass(frozen=True)
class Holdout:
    """The users that no release and no experiment touches.

    Parameters
    ----------
    share : float
        Of all users, in [0, 0.5]; 0 for nobody.
    salt : str
        Chooses them.
    serves : str
        What they get, one of `POLICIES`.

    Raises
    ------
    ValueError
        If the share is out of range, or nobody could answer.
    """

    share: float = 0.0
    salt: str = HOLDOUT_SALT
    serves: str = POPULAR

    def __post_init__(self) -> None:
        """Refuse what dbt would refuse."""
        if not 0 <= self.share <= MOST_HELD_OUT:
            raise ValueError(f"holdout_share must be in [0, {MOST_HELD_OUT}], got {self.share:g}")
        if self.serves not in POLICIES:
            allowed = ", ".join(POLICIES)
            raise ValueError(f"the holdout serves {self.serves!r}; it must be one of {allowed}")


NOBODY = Holdout()


@dataclass(frozen=True)
class RunningExperiment:
    """An experiment and when it runs.

    Parameters
    ----------
    experiment : Experiment
        Its arms serve `live`, `popular` or a release.
    starts_at, ends_at : datetime
        With time zones; the end is not part of it.
    releases : frozenset of str
        Releases that are kept, so that arms may name them.

    Raises
    ------
    ValueError
        If an arm serves something else.
    """

    experiment: Experiment
    starts_at: datetime
    ends_at: datetime
    releases: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse arms that nobody could answer."""
        for arm in self.experiment.arms:
            if arm.serves not in POLICIES and arm.serves not in self.releases:
                raise ValueError(
                    f"the arm {arm.name!r} of {self.experiment.experiment_id!r} serves "
                    f"{arm.serves!r}; it must be one of {', '.join(POLICIES)}, or a release that "
                    "is kept"
                )

    @property
    def named_releases(self) -> frozenset[str]:
        """The releases that its arms name."""
        return served_releases(self.experiment)

    @property
    def is_changing_lists(self) -> bool:
        """Whether an arm gets lists that its users would not get anyway."""
        return any(arm.serves != LIVE for arm in self.experiment.arms)


def served_releases(experiment: Experiment) -> frozenset[str]:
    """Return what the arms of an experiment serve, but for `POLICIES`."""
    return frozenset(arm.serves for arm in experiment.arms) - {*POLICIES}


def chosen_policy(
    running: Sequence[RunningExperiment],
    user_id: str,
    now: datetime,
    holdout: Holdout = NOBODY,
) -> tuple[str, str]:
    """Return the arms of a user as `experiment:arm`, and what makes the list.

    Parameters
    ----------
    running : sequence of RunningExperiment
        Of those that change lists, the first that has an arm for the user decides, and the others
        have no part in the list. Those that leave lists alone have their part in every list.
    user_id : str
    now : datetime
        With its time zone.
    holdout : Holdout
        Comes before all experiments.

    Returns
    -------
    label : str
        Separated by blanks; empty for a user without an arm; `HOLDOUT` for one who is held out.
    policy : str
        One of `POLICIES`, or the id of a release.
    """
    if is_held_out(user_id, holdout.share, holdout.salt):
        return HOLDOUT, holdout.serves
    labels, policy, is_changed = [], LIVE, False
    for one in running:
        arm = assigned_arm(one.experiment, user_id) if one.starts_at <= now < one.ends_at else None
        if arm is None or (one.is_changing_lists and is_changed):
            continue
        labels.append(f"{one.experiment.experiment_id}:{arm.name}")
        if one.is_changing_lists:
            policy, is_changed = arm.serves, True
    return " ".join(labels), policy
