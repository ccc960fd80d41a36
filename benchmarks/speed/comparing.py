"""Contenders in turn, so that what else the machine does falls on all of them alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.speed.processes import Measured, TaskError


@dataclass(frozen=True)
class Compared:
    """Medians over the rounds.

    Attributes
    ----------
    seconds : float
    cpu_seconds : float
    peak_mib : float
    ratio : float
        Median over the rounds of its seconds over those of the first contender in that round; nan
        if that one is out.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    ratio: float


@dataclass(frozen=True)
class Out:
    """A contender that failed or took more than it may, in any round; it is not run again.

    Attributes
    ----------
    reason : str
        What it took too much of, or the last line of its error.
    """

    reason: str


def compare(
    contenders: Mapping[str, Callable[[], Measured]], rounds: int
) -> dict[str, Compared | Out]:
    """Measure contenders one after the other, several rounds, each round in the other order.

    Parameters
    ----------
    contenders : dict of str to callable
        The first is what the others are compared with. One that raises `TaskError` is out.
    rounds : int
        >= 1.

    Returns
    -------
    dict of str to Compared or Out
    """
    names = list(contenders)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    out: dict[str, Out] = {}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            if name not in out:
                try:
                    found[name].append(contenders[name]())
                except TaskError as error:
                    out[name] = Out(str(error).strip().splitlines()[-1])
    first = [] if names[0] in out else found[names[0]]
    return {name: out.get(name) or _medians(found[name], first) for name in names}


def _medians(runs: list[Measured], first: list[Measured]) -> Compared:
    ratio = float("nan")
    if first:
        pairs = zip(runs, first, strict=True)
        ratio = median(one.seconds / base.seconds for one, base in pairs)
    return Compared(
        median(one.seconds for one in runs),
        median(one.cpu_seconds for one in runs),
        median(one.peak_mib for one in runs),
        ratio,
    )
