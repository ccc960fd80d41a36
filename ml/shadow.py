"""How the lists of a shadow release differ from those that were shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Shares of a list at which scores are compared.
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class ListPair:
    """The answers of two releases to one request.

    Attributes
    ----------
    live_items, shadow_items : sequence of str
        Item ids, best first.
    live_scores, shadow_scores : sequence of float
        Of the items; nan or None where there is none.
    """

    live_items: Sequence[str]
    shadow_items: Sequence[str]
    live_scores: Sequence[float | None] = ()
    shadow_scores: Sequence[float | None] = ()


def overlap_at_k(live: Sequence[str], shadow: Sequence[str], k: int) -> float:
    """Share of the first k items that both lists have; nan if both are empty."""
    first, second = set(live[:k]), set(shadow[:k])
    longest = max(len(first), len(second))
    return len(first & second) / longest if longest else float("nan")


def mean_rank_change(live: Sequence[str], shadow: Sequence[str]) -> float:
    """Mean distance between the ranks of the items that both lists have; nan if there are none."""
    ranks = {item: rank for rank, item in enumerate(live)}
    changes = [abs(ranks[item] - rank) for rank, item in enumerate(shadow) if item in ranks]
    return float(np.mean(changes)) if changes else float("nan")


def compare_lists(
    pairs: Iterable[ListPair], catalogue_size: int, cutoffs: Sequence[int] = (5, 10, 20)
) -> pd.DataFrame:
    """Compare the answers of a shadow release with those that were shown.

    Parameters
    ----------
    pairs : iterable of ListPair
        One per request.
    catalogue_size : int
        Items that may be shown, >= 1.
    cutoffs : sequence of int
        Lengths at which overlap and coverage are taken, each >= 1.

    Returns
    -------
    DataFrame
        ``metric``, ``cutoff`` (int64; 0 for whole lists), ``value`` (float64) and
        ``request_count`` (int64), for ``overlap`` (mean share of common items), ``rank_change``
        (mean places that a common item moves), ``live_coverage`` and ``shadow_coverage`` (share of
        the catalogue in any list), ``live_score_p10`` … ``shadow_score_p90`` (quantiles of all
        scores). A metric that no request says anything of has no row.

    Raises
    ------
    ValueError
        If a cutoff or `catalogue_size` is below 1.
    """
    if catalogue_size < 1 or min(cutoffs) < 1:
        raise ValueError(
            f"catalogue_size and cutoffs must be >= 1, got {catalogue_size}, {list(cutoffs)}"
        )
    overlaps: dict[int, list[float]] = {k: [] for k in cutoffs}
    shown: dict[tuple[str, int], set[str]] = {
        (side, k): set() for side in ("live", "shadow") for k in cutoffs
    }
    scores: dict[str, list[float]] = {"live": [], "shadow": []}
    changes, count = [], 0
    for pair in pairs:
        count += 1
        for k in cutoffs:
            overlaps[k].append(overlap_at_k(pair.live_items, pair.shadow_items, k))
            shown["live", k].update(pair.live_items[:k])
            shown["shadow", k].update(pair.shadow_items[:k])
        changes.append(mean_rank_change(pair.live_items, pair.shadow_items))
        scores["live"] += [score for score in pair.live_scores if score is not None]
        scores["shadow"] += [score for score in pair.shadow_scores if score is not None]
    rows = [("overlap", k, _mean(values)) for k, values in overlaps.items()]
    rows.append(("rank_change", 0, _mean(changes)))
    if count:
        rows += [
            (f"{side}_coverage", k, len(items) / catalogue_size)
            for (side, k), items in shown.items()
        ]
    rows += [
        (f"{side}_score_p{round(share * 100)}", 0, _quantile(values, share))
        for side, values in scores.items()
        for share in QUANTILES
    ]
    frame = pd.DataFrame(rows, columns=["metric", "cutoff", "value"]).dropna()
    return frame.assign(request_count=count).astype(
        {"cutoff": np.int64, "value": np.float64, "request_count": np.int64}
    )


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _quantile(values: list[float], share: float) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.quantile(known, share)) if known else float("nan")
