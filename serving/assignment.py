"""Which arm of an experiment a user is in, by the hash that SQL uses too."""

import math
from dataclasses import dataclass

from serving.buckets import BUCKETS, bucket

# Of dbt's variable `holdout_salt`; a test holds them equal.
HOLDOUT_SALT = "holdout"
# Shares are counted in billionths, as SQL does: sums of binary fractions fall on either side of the
# edge of a bucket as they like.
PARTS = 10**9


@dataclass(frozen=True)
class Arm:
    """One arm of an experiment.

    Parameters
    ----------
    name : str
    share : float
        Of the users of the experiment, in (0, 1).
    serves : str
        The release or policy that its users get.
    """

    name: str
    share: float
    serves: str


@dataclass(frozen=True)
class Experiment:
    """What decides who is in which arm.

    Parameters
    ----------
    experiment_id : str
    layer : str
        Experiments of one layer have no user in common if their parts of it do not overlap.
    salt : str
        Splits the users; of each experiment its own.
    arms : tuple of Arm
        The control first; their shares add up to 1.
    layer_from, layer_until : float
        The part of the layer that takes part, in [0, 1].
    holdout : float
        Share of all users that the experiment does not touch, in [0, 0.5].
    holdout_salt : str
        Chooses them; the same in all experiments of a log.

    Raises
    ------
    ValueError
        If the shares do not add up to 1 or the part of the layer is empty.
    """

    experiment_id: str
    layer: str
    salt: str
    arms: tuple[Arm, ...]
    layer_from: float = 0.0
    layer_until: float = 1.0
    holdout: float = 0.0
    holdout_salt: str = HOLDOUT_SALT

    def __post_init__(self) -> None:
        """Refuse what SQL would refuse."""
        total = math.fsum(arm.share for arm in self.arms)
        if abs(total - 1) > 1e-6 or min(arm.share for arm in self.arms) <= 0:
            raise ValueError(f"shares must be > 0 and add up to 1, got {total:g} in all")
        if not 0 <= self.layer_from < self.layer_until <= 1:
            part = f"{self.layer_from:g} to {self.layer_until:g}"
            raise ValueError(f"the part of the layer must be within 0 to 1, got {part}")


def assigned_arm(experiment: Experiment, user_id: str) -> Arm | None:
    """Return the arm of a user; None for users who are held out or outside the layer's part.

    The model `exp_assignments` says the same in SQL; a test compares the two.

    Parameters
    ----------
    experiment : Experiment
    user_id : str
    """
    if is_held_out(user_id, experiment.holdout, experiment.holdout_salt):
        return None
    place = bucket(f"layer:{experiment.layer}", user_id)
    first, until = _parts(experiment.layer_from), _parts(experiment.layer_until)
    if not _edge(first) <= place < _edge(until):
        return None
    place, until = bucket(experiment.salt, user_id), 0
    for arm in experiment.arms:
        until += _parts(arm.share)
        if place < _edge(until):
            return arm
    return None


def is_held_out(user_id: str, share: float, salt: str = HOLDOUT_SALT) -> bool:
    """Tell whether no experiment may touch a user, so that they can be compared in the long run.

    Parameters
    ----------
    user_id : str
    share : float
        Held out of all users. A smaller share holds out a part of those of a larger one.
    salt : str
    """
    return share > 0 and bucket(salt, user_id) < _edge(_parts(share))


def _parts(share: float) -> int:
    """Count the billionths of a share."""
    return round(share * PARTS)


def _edge(parts: int) -> int:
    """Return the first bucket after so many billionths, rounded half up: `bucket_edge` in SQL."""
    return (parts * BUCKETS + PARTS // 2) // PARTS
