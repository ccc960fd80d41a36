"""The inputs of the ranker for one user, as known now.

What recent events change is computed as the SQL of the run does; what only the history could tell,
and the release does not hold, stays as it was at the cutoff or is missing. docs/serving.md lists
both.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from serving.activity import VIEW, activity_at
from serving.bundle import Bundle
from serving.covisited import PROPOSED
from serving.signals import Signals
from serving.taste import Taste

PEOPLE = "item_activity__user_count"


@dataclass(frozen=True)
class Columns:
    """Where a release has the features that its ranker reads; -1 for those it has not."""

    names: tuple[str, ...]
    item: np.ndarray
    user: np.ndarray

    def place(self, name: str) -> int | None:
        """Return the place of a feature among the inputs, or None."""
        return self.names.index(name) if name in self.names else None


@lru_cache(maxsize=8)
def _columns(names: tuple[str, ...], item: tuple[str, ...], user: tuple[str, ...]) -> Columns:
    """Look features up once per release."""
    places = [
        np.array([side.index(name) if name in side else -1 for name in names], dtype=np.int64)
        for side in (item, user)
    ]
    return Columns(names, *places)


def columns_of(bundle: Bundle, names: tuple[str, ...]) -> Columns:
    """Return where a release has features of items and users."""
    told = bundle.manifest
    return _columns(
        names, tuple(told.get("item_features", ())), tuple(told.get("user_features", ()))
    )


class RankerInputs:
    """What is known of a user and some items, as the ranker reads it.

    Parameters
    ----------
    bundle : Bundle
    names : tuple of str
        Features of the ranker.
    taste : Taste
        Of the user; with or without recent events.
    items : ndarray of shape (n,), int
        Numbers of items, each once; they are the candidates that ranks and means are over.
    """

    def __init__(
        self, bundle: Bundle, names: tuple[str, ...], taste: Taste, items: np.ndarray
    ) -> None:
        self._bundle, self._items = bundle, items
        self._columns = columns = columns_of(bundle, names)
        self._fixed = np.full((items.size, len(names)), np.nan)
        of_items = columns.item >= 0
        features = bundle.arrays["item_features"][items]
        self._fixed[:, of_items] = features[:, columns.item[of_items]]
        if taste.user is not None:
            of_users = columns.user >= 0
            known = bundle.arrays["user_features"][taste.user]
            self._fixed[:, of_users] = known[columns.user[of_users]]
        _put(self._fixed, columns, _compared(self._fixed, columns))
        is_seen = np.isin(items, taste.history).astype(np.float64)
        _put(self._fixed, columns, {"is_seen": is_seen})

    def at(self, taste: Taste, signals: Signals, now: float) -> np.ndarray:
        """Return what is known at a moment.

        Parameters
        ----------
        taste : Taste
            Of the same user.
        signals : Signals
            Of what the taste has.
        now : float
            Seconds since 1970.

        Returns
        -------
        ndarray of shape (n, n_features), float64
            nan where nothing is known.
        """
        inputs, bundle, items = self._fixed.copy(), self._bundle, self._items
        _put(inputs, self._columns, _activity(bundle, taste, now))
        _put(inputs, self._columns, _signal_columns(bundle, items, signals))
        _put(inputs, self._columns, _category_columns(bundle, taste, items))
        return inputs


def _put(inputs: np.ndarray, columns: Columns, values: dict[str, np.ndarray | float]) -> None:
    """Write columns, as far as the ranker reads them."""
    for name, column in values.items():
        place = columns.place(name)
        if place is not None:
            inputs[:, place] = column


def _activity(bundle: Bundle, taste: Taste, now: float) -> dict[str, np.ndarray | float]:
    """Return what the user did; what the release does not hold stays as it is."""
    found = activity_at(bundle, taste.user, taste.events, now)
    return {f"{VIEW}__{name}": value for name, value in found.items() if value is not None}


def _signal_columns(
    bundle: Bundle, items: np.ndarray, signals: Signals
) -> dict[str, np.ndarray | float]:
    """Return what the sources say, and how it compares among these items."""
    scores = signals.als(bundle, items)
    has_score = np.isfinite(scores)
    positions = np.full(items.size, np.nan)
    # Equal scores share the better position, as `rank()` gives it.
    ordered = np.sort(-scores[has_score])
    positions[has_score] = np.searchsorted(ordered, -scores[has_score]) + 1
    ranks = {item: rank for rank, item in enumerate(signals.als_order.tolist(), start=1)}
    covisited = _covisited_columns(items, signals)
    best = np.nanmax(covisited["covisited_score"], initial=0.0)
    ratio = covisited["covisited_score"] / best if best > 0 else np.full(items.size, np.nan)
    return {
        "blend_score": _blend(bundle, scores, ratio),
        "als_score": scores,
        "als_position": positions,
        "als_advantage": scores - (scores[has_score].mean() if has_score.any() else np.nan),
        "als_rank": np.array([ranks.get(item, np.nan) for item in items.tolist()]),
        **covisited,
        "covisited_ratio": ratio,
        "covisited_score_per_evidence": covisited["covisited_score"]
        / covisited["covisited_evidence_count"],
    }


def _blend(bundle: Bundle, als: np.ndarray, covisited: np.ndarray) -> np.ndarray:
    """Blend the sources as `rnk_blends` does; nan where none says anything good."""
    settings = bundle.manifest.get("settings", {})
    liked = np.maximum(np.nan_to_num(als), 0.0)
    share = liked / max(liked.max(initial=0.0), np.finfo(float).tiny)
    blend = float(settings.get("sql.blend_als_weight", 1.0)) * share
    blend += float(settings.get("sql.blend_covisited_weight", 1.0)) * np.nan_to_num(covisited)
    return np.where(blend > 0, blend, np.nan)


def _covisited_columns(items: np.ndarray, signals: Signals) -> dict[str, np.ndarray]:
    """Return what the neighbours say of items; nan beyond as many as a run proposes."""
    found = signals.covisited
    places, is_present = found.places(items)
    present = places[is_present]
    order = present[np.lexsort((found.items[present], -found.scores[present]))][:PROPOSED]
    ranks = np.full(found.items.size, np.nan)
    ranks[order] = np.arange(1, order.size + 1)
    columns = {
        "rank": ranks,
        "score": found.scores,
        "evidence_count": found.counts,
        "support": found.supports,
        "best_contribution": found.best,
    }
    rows = np.flatnonzero(is_present)[np.isfinite(ranks[present])]
    told = {f"covisited_{name}": np.full(items.size, np.nan) for name in columns}
    for name, column in columns.items():
        told[f"covisited_{name}"][rows] = column[places[rows]]
    return told


def _category_columns(
    bundle: Bundle, taste: Taste, items: np.ndarray
) -> dict[str, np.ndarray | float]:
    """How much of what the user likes is of an item's category."""
    liked, weights = taste.items
    categories = bundle.arrays["item_category"]
    own = categories[liked] if liked.size else np.empty(0, dtype=np.int64)
    has_one = own >= 0
    totals = np.bincount(own[has_one], weights[has_one], minlength=len(bundle.categories))
    counts = np.bincount(own[has_one], minlength=len(bundle.categories))
    wanted = categories[items]
    met = (wanted >= 0) & (counts[wanted] > 0) if counts.size else np.zeros(items.size, dtype=bool)
    if not met.any():
        return {}
    share = totals / max(totals.sum(), 1e-9)
    return {
        "user_category_activity__item_count": np.where(met, counts[wanted], np.nan),
        "user_category_activity__weight_share": np.where(met, share[wanted], np.nan),
    }


def _compared(inputs: np.ndarray, columns: Columns) -> dict[str, np.ndarray | float]:
    """Compare across the views, as `rnk_frame` does; no event changes what is compared."""

    def column(name: str) -> np.ndarray:
        place = columns.place(name)
        return np.full(len(inputs), np.nan) if place is None else inputs[:, place]

    counts = {days: column(f"item_activity__positive_count_{days}d") for days in (7, 28, 84)}
    return {
        "item__trend_7d": (counts[7] + 1) / (counts[28] / 4.0 + 1),
        "item__trend_28d": (counts[28] + 1) / (counts[84] / 3.0 + 1),
        "pair__popularity_difference": np.log1p(column(PEOPLE))
        - column("user_taste__item_user_count_log_mean"),
        "pair__value_difference": column("item_activity__value_log_mean")
        - column("user_taste__item_value_log_mean"),
    }
