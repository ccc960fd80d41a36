"""Which experiment decides about a list, and what it asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.assignment import Experiment, assigned_arm

LIVE, POPULAR = "live", "popular"
# What an arm can serve: the release that would answer anyway, or what is popular in it.
POLICIES = (LIVE, POPULAR)


@dataclass(frozen=True)
class RunningExperiment:
    """An experiment and when it runs.

    Parameters
    ----------
    experiment : Experiment
        Its arms serve `live` or `popular`.
    starts_at, ends_at : datetime
        With time zones; the end is not part of it.

    Raises
    ------
    ValueError
        If an arm serves something else.
    """

    experiment: Experiment
    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """Refuse arms that nobody could answer."""
        for arm in self.experiment.arms:
            if arm.serves not in POLICIES:
                raise ValueError(
                    f"the arm {arm.name!r} of {self.experiment.experiment_id!r} serves "
                    f"{arm.serves!r}; it must be one of {', '.join(POLICIES)}"
                )


def chosen_policy(
    running: Sequence[RunningExperiment], user_id: str, now: datetime
) -> tuple[str, str]:
    """Return the arm of a user as `experiment:arm`, and the policy that makes the list.

    Parameters
    ----------
    running : sequence of RunningExperiment
        The first that has an arm for the user decides, so that a list belongs to one arm alone.
    user_id : str
    now : datetime
        With its time zone.

    Returns
    -------
    label : str
        Empty for a user without an arm.
    policy : str
        One of `POLICIES`.
    """
    for one in running:
        if one.starts_at <= now < one.ends_at:
            arm = assigned_arm(one.experiment, user_id)
            if arm is not None:
                return f"{one.experiment.experiment_id}:{arm.name}", arm.serves
    return "", LIVE
