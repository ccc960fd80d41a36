"""A user's list with recent events taken into account."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit

from ml.calibration import calibrate
from serving.bundle import Bundle
from serving.bundle_rows import ListRows
from serving.entries import Entry, RowEntries
from serving.ranker_inputs import RankerInputs
from serving.signals import KNOWN_STRENGTH, Liking, Signals, signals_at_cutoff, signals_of
from serving.taste import Taste

# Best items of the factorisation that join the candidates, beside those of the neighbours.
ALS_JOINING = 100
NEIGHBOURS_JOINING = 100
# Between an item with a score and the best of those that nothing estimated.
TIER_GAP = 3.0
CERTAIN = 1e-6
# Sources whose new items get a score; what is merely popular keeps none.
ESTIMATED = ("covisitation", "als")


def ranked_entries(
    bundle: Bundle, taste: Taste, barred: np.ndarray, now: float
) -> tuple[Sequence[Entry], int]:
    """Return a user's list in its new order, and how many candidates there were.

    The published list keeps its order; what recent events change is added: in log odds, the
    difference between the ranker's score with them and without them. So nothing moves that the
    events do not concern, and without events the list is the published one.

    Parameters
    ----------
    bundle : Bundle
    taste : Taste
        Of a user who is in the release.
    barred : ndarray of int
        Items that must not be shown.
    now : float
        Seconds since 1970.
    """
    if taste.user is None:
        raise ValueError("a stranger has no list to change; see session_entries")
    closed = barred.tolist()
    published = bundle.personal(taste.user).followed_by(bundle.pool(taste.user)).without(closed)
    before, after = (
        signals_at_cutoff(bundle, taste.user),
        signals_of(bundle, _liking(taste), barred),
    )
    rows = published.followed_by(proposed_rows(bundle, after)).without(closed)
    items, count = rows.items, published.items.size
    if not items.size:
        return [], 0
    gain, estimate = _gains(bundle, taste, items, count, (before, after), now)
    factors = np.log(np.maximum(bundle.arrays["item_list_factor"][items[count:]], CERTAIN))
    keys = np.r_[_published_log_odds(published.scores) + gain, estimate[count:] + factors]
    order = np.lexsort((np.arange(items.size), -keys))
    scored = rows._replace(scores=_scores(bundle, rows, gain, estimate))
    return ruled(RowEntries(bundle, scored.at(order))), items.size


def proposed_rows(bundle: Bundle, signals: Signals) -> ListRows:
    """Return what the signals propose, those with evidence first; an item may come twice."""
    found = signals.covisited
    order = found.ranked()
    is_offered = bundle.arrays["item_is_offered"][found.items[order]] > 0
    best = order[is_offered][:NEIGHBOURS_JOINING]
    learned = signals.als_order[:ALS_JOINING]
    codes = [bundle.source_codes[name] for name in ESTIMATED]
    nothing = np.full(learned.size, -1)
    # People who had both, if one item alone speaks for the other; else that is not one number.
    supports = np.where(found.counts[best] == 1, found.supports[best], -1)
    return ListRows.of(
        np.r_[found.items[best], learned],
        np.full(best.size + learned.size, np.nan),
        np.repeat(codes, [best.size, learned.size]),
        np.r_[found.evidence[best], nothing],
        np.r_[supports, nothing],
    )


def ruled(entries: RowEntries) -> Sequence[Entry]:
    """Keep pins at their ranks, and hold back what is over the limit of its category."""
    bundle, pinned = entries.bundle, entries.bundle.source_codes.get("pinned", -1)
    if not (entries.rows.sources == pinned).any() and not bundle.has_category_limits:
        return entries
    pins = sorted(
        (int(bundle.arrays["item_pinned_rank"][entry.item]), place, entry)
        for place, entry in enumerate(entries)
        if entry.source == "pinned"
    )
    limits, categories = bundle.arrays["item_category_limit"], bundle.arrays["item_category"]
    counts: dict[int, int] = {}
    for _, _, pin in pins:
        category = int(categories[pin.item])
        counts[category] = counts.get(category, 0) + 1
    within: list[Entry] = []
    over: list[Entry] = []
    for entry in entries:
        if entry.source == "pinned":
            continue
        category, limit = int(categories[entry.item]), int(limits[entry.item])
        counts[category] = counts.get(category, 0) + 1
        is_over = category >= 0 and 0 <= limit < counts[category]
        (over if is_over else within).append(entry)
    listed = [*within, *over]
    for rank, _, pin in pins:
        listed.insert(max(rank - 1, 0), pin)
    return listed


def _liking(taste: Taste) -> Liking:
    """Let what was touched lately speak louder than what only the release knows."""
    strengths = dict.fromkeys(taste.history.tolist(), KNOWN_STRENGTH)
    strengths.update({one.item: 1.0 for one in taste.lately if not one.is_disliked})
    for one in taste.lately:
        if one.is_disliked:
            strengths.pop(one.item, None)
    return Liking(*taste.items, strengths)


def _gains(
    bundle: Bundle,
    taste: Taste,
    items: np.ndarray,
    published: int,
    signals: tuple[Signals, Signals],
    now: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what events add to published items, and what the ranker says of all; log odds."""
    ranker = bundle.ranker
    before, after = signals
    if ranker is None:
        # Without a ranker the neighbours of what was touched speak for themselves.
        gain = after.covisited.scores_of(items) - before.covisited.scores_of(items)
        return gain[:published], gain - TIER_GAP
    # Compared are all candidates at both moments, but those that join have nothing to be added to.
    quiet = replace(taste, lately=(), events=())
    inputs = RankerInputs(bundle, ranker.features, taste, items)
    raw = ranker.raw_scores(inputs.at(taste, after, now))
    gain = raw[:published] - ranker.raw_scores(inputs.at(quiet, before, now)[:published])
    return gain, _log_odds(calibrate(ranker.calibrator, raw))


def _published_log_odds(scores: np.ndarray) -> np.ndarray:
    """Log odds that fall along the list: rules and diversity may have put a lower score first."""
    if not scores.size:
        return scores
    odds = _log_odds(scores)
    known = np.flatnonzero(np.isfinite(odds))
    last = known[-1] if known.size else -1
    lowest = odds[known].min() - TIER_GAP if known.size else 0.0
    # Those that nothing estimated stand below all others; a pin amidst the others does not count.
    is_below = np.arange(odds.size) > last
    odds = np.where(np.isfinite(odds), odds, np.where(is_below, lowest, np.inf))
    return np.minimum.accumulate(odds)


def _scores(bundle: Bundle, rows: ListRows, gain: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """Return the probabilities that the rows have now; the first ones are those that gained."""
    gains = np.r_[gain, np.zeros(rows.items.size - gain.size)]
    had_none = np.isnan(rows.scores)
    odds = np.where(had_none, estimate, _log_odds(rows.scores) + gains)
    codes = [bundle.source_codes[name] for name in ESTIMATED]
    return np.where(had_none & ~np.isin(rows.sources, codes), np.nan, expit(odds))


def _log_odds(scores: np.ndarray) -> np.ndarray:
    clipped = np.clip(scores.astype(np.float64), CERTAIN, 1 - CERTAIN)
    return np.log(clipped) - np.log1p(-clipped)
