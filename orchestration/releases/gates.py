"""What a release must hold to go live, each with its value, its bound and by how much it missed."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml.intervals import Interval, bootstrap_mean
from orchestration.releases.bounds import GateBounds
from serving.bundle import Bundle

# Users whose lists are looked at together.
BLOCK_USERS = 50_000
LIVE_GATE = "live_release"


@dataclass(frozen=True)
class Gate:
    """A gate and what it found.

    Attributes
    ----------
    name : str
        Of the gate.
    has_passed : bool
        Whether the release may go live as far as this gate is concerned.
    value, bound : float, optional
        What was found, and what it is held against; None where nothing could be measured.
    shortfall : float
        By how much it missed, in the unit of both; 0 where it passed.
    message : str
        The same in words.
    """

    name: str
    has_passed: bool
    value: float | None
    bound: float | None
    shortfall: float
    message: str


def judge(bundle: Bundle, live: Bundle | None, bounds: GateBounds) -> list[Gate]:
    """Hold a release against every gate.

    Parameters
    ----------
    bundle : Bundle
        The release.
    live : Bundle, optional
        What is live; None if nothing is, and then nothing is compared with it.
    bounds : GateBounds
        Of the log.
    """
    return [
        *_contract_gates(bundle, bounds),
        _coverage_gate(bundle, live, bounds),
        _freshness_gate(bundle, bounds),
        _baseline_gate(bundle, bounds),
        _live_gate(bundle, live, bounds),
    ]


def refused(gates: list[Gate]) -> list[dict[str, Any]]:
    """Return the gates that said no, as plain values."""
    return [asdict(gate) for gate in gates if not gate.has_passed]


def against_live(gates: list[Gate]) -> str:
    """Return how the release compares with the live one, in words; empty if it was not measured."""
    return next(
        (gate.message for gate in gates if gate.name == LIVE_GATE and gate.value is not None), ""
    )


def _at_least(name: str, value: float, bound: float, text: str) -> Gate:
    short = max(bound - value, 0.0)
    return Gate(name, value >= bound, value, bound, short, _words(text, "least", bound, short))


def _at_most(name: str, value: float, bound: float, text: str) -> Gate:
    over = max(value - bound, 0.0)
    return Gate(name, value <= bound, value, bound, over, _words(text, "most", bound, over))


def _words(text: str, side: str, bound: float, miss: float) -> str:
    missed = f", missed by {miss:.4g}" if miss else ""
    return f"{text}; must be at {side} {bound:.4g}{missed}"


def _contract_gates(bundle: Bundle, bounds: GateBounds) -> list[Gate]:
    """Look at every list: length, repeats, what must not be shown."""
    listed = users = short = repeated = hidden = excluded = 0
    wanted = int(bundle.manifest["lists"]["per_user"])
    is_offered = bundle.arrays["item_is_offered"].astype(bool)
    catalogue = np.zeros(bundle.item_count, dtype=bool)
    catalogue[bundle.popular().items] = True
    for pairs, barred, first, last in _blocks(bundle):
        lengths = np.bincount(pairs // bundle.item_count, minlength=last - first)
        out = barred[catalogue[barred % bundle.item_count]]
        left = catalogue.sum() - np.bincount(out // bundle.item_count, minlength=last - first)
        expected = np.minimum(wanted, left)
        users += int((expected > 0).sum())
        listed += int(((expected > 0) & (lengths > 0)).sum())
        short += int(((lengths != expected) & (lengths > 0)).sum())
        repeated += pairs.size - np.unique(pairs).size
        hidden += int((~is_offered[pairs % bundle.item_count]).sum())
        excluded += int(np.isin(pairs, barred).sum())
    share = listed / users if users else 1.0
    return [
        _at_least(
            "user_share",
            share,
            bounds.least_user_share,
            f"{listed} of {users} users with items left have a list, a share of {share:.4g}",
        ),
        _at_most("list_length", short, 0, f"{short} lists do not have the {wanted} items due"),
        _at_most("repeats", repeated, 0, f"{repeated} items stand twice in a list"),
        _at_most("unavailable", hidden, 0, f"{hidden} listed items may not be offered"),
        _at_most("seen", excluded, 0, f"{excluded} listed items are excluded for their user"),
    ]


def _blocks(bundle: Bundle) -> Iterator[tuple[np.ndarray, np.ndarray, int, int]]:
    """Yield pairs of user and item as one number each: of the lists, and of the exclusions."""
    for first in range(0, bundle.user_count, BLOCK_USERS):
        last = min(first + BLOCK_USERS, bundle.user_count)
        yield (
            _pairs(bundle, "list", first, last),
            _pairs(bundle, "excluded", first, last),
            first,
            last,
        )


def _pairs(bundle: Bundle, table: str, first: int, last: int) -> np.ndarray:
    starts = bundle.arrays[f"{table}_starts"][first : last + 1]
    owners = np.repeat(np.arange(last - first, dtype=np.int64), np.diff(starts))
    items = bundle.arrays[f"{table}_item"][starts[0] : starts[-1]]
    return owners * bundle.item_count + items


def coverage(bundle: Bundle) -> float:
    """Return the share of the items that may be offered which stand in any list."""
    offered = int(bundle.arrays["item_is_offered"].sum())
    shown = np.zeros(bundle.item_count, dtype=bool)
    shown[bundle.arrays["list_item"]] = True
    return float(shown.sum() / offered) if offered else 0.0


def _coverage_gate(bundle: Bundle, live: Bundle | None, bounds: GateBounds) -> Gate:
    own = coverage(bundle)
    if live is None:
        return _at_least("coverage", own, 0.0, f"{own:.4g} of the catalogue is shown")
    before = coverage(live)
    bound = bounds.least_coverage_ratio * before
    return _at_least(
        "coverage",
        own,
        bound,
        f"{own:.4g} of the catalogue is shown, {before:.4g} by the live release",
    )


def _freshness_gate(bundle: Bundle, bounds: GateBounds) -> Gate:
    hours = bundle.manifest["log"]["age_hours"]
    if hours is None:
        return Gate("freshness", True, None, bounds.most_age_hours, 0.0, "the log has no events")
    text = f"the newest row of the log was {hours:.4g} hours old when the lists were made"
    return _at_most("freshness", float(hours), bounds.most_age_hours, text)


def _baseline_gate(bundle: Bundle, bounds: GateBounds) -> Gate:
    """Compare with the best lists by SQL alone, user by user."""
    told = bundle.manifest["evaluation"]
    if told is None:
        return Gate("sql_baseline", True, None, None, 0.0, "no ranker was measured")
    differences = bundle.arrays["judged_value"] - bundle.arrays["judged_baseline"]
    return _lift_gate(
        "sql_baseline",
        differences,
        bounds.least_baseline_lift,
        f"the lists of SQL alone ({told['baseline']})",
    )


def _live_gate(bundle: Bundle, live: Bundle | None, bounds: GateBounds) -> Gate:
    """Compare with the live release: user by user if both were measured on the same period."""
    told = bundle.manifest["evaluation"]
    other = live.manifest["evaluation"] if live else None
    if live is None or told is None or other is None:
        return Gate(LIVE_GATE, True, None, None, 0.0, "there is nothing measured to compare")
    own_values, live_values = bundle.arrays["judged_value"], live.arrays["judged_value"]
    bound, text = bounds.least_live_lift, f"the live release ({live.release_id})"
    same = all(told[name] == other[name] for name in ("setting", "metric", "cutoff_at"))
    if same:
        places = dict(zip(_judged(live), live_values, strict=True))
        pairs = [
            value - places[user]
            for user, value in zip(_judged(bundle), own_values, strict=True)
            if user in places
        ]
        if pairs:
            return _lift_gate(LIVE_GATE, np.array(pairs), bound, text)
    return _difference_gate(bootstrap_mean(own_values), bootstrap_mean(live_values), bound, text)


def _judged(bundle: Bundle) -> list[str]:
    return [bundle.user_ids[int(user)] for user in bundle.arrays["judged_user"]]


def _lift_gate(name: str, differences: np.ndarray, bound: float, than: str) -> Gate:
    """Refuse what is worse beyond the interval of the mean difference."""
    if np.isnan(differences).all():
        return Gate(name, True, None, bound, 0.0, f"nobody was measured {than}")
    found = bootstrap_mean(differences)
    reach = found.value if np.isnan(found.upper) else found.upper
    text = (
        f"nDCG@10 is {found.value:+.4f} ({found.lower:+.4f} to {found.upper:+.4f}) against {than}, "
        f"over {found.count} users (the upper end counts)"
    )
    return _at_least(name, reach, bound, text)


def _difference_gate(own: Interval, live: Interval, bound: float, than: str) -> Gate:
    """Compare two means of different users: their intervals add like independent errors."""
    difference = own.value - live.value
    spread = float(np.hypot(own.upper - own.value, live.value - live.lower))
    reach = difference + (0.0 if np.isnan(spread) else spread)
    text = (
        f"nDCG@10 is {own.value:.4f} over {own.count} users, {live.value:.4f} over {live.count} of "
        f"another period for {than} (the upper end of the difference counts)"
    )
    return _at_least(LIVE_GATE, reach, bound, text)
