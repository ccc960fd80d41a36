"""Contenders in turn, so that what else the machine does falls on all of them alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.speed.processes import Measured


@dataclass(frozen=True)
class Compared:
    """Medians over the rounds.

    Attributes
    ----------
    seconds : float
    cpu_seconds : float
    peak_mib : float
    ratio : float
        Median over the rounds of its seconds over those of the first contender in that round.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    ratio: float


def compare(contenders: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, Compared]:
    """Measure contenders one after the other, several rounds, each round in the other order.

    Parameters
    ----------
    contenders : dict of str to callable
        The first is what the others are compared with.
    rounds : int
        >= 1.

    Returns
    -------
    dict of str to Compared
    """
    names = list(contenders)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            found[name].append(contenders[name]())
    first = found[names[0]]
    return {
        name: Compared(
            median(one.seconds for one in runs),
            median(one.cpu_seconds for one in runs),
            median(one.peak_mib for one in runs),
            median(one.seconds / base.seconds for one, base in zip(runs, first, strict=True)),
        )
        for name, runs in found.items()
    }
