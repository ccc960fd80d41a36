"""A user's list with recent events taken into account."""

from dataclasses import replace

import numpy as np
from scipy.special import expit

from ml.calibration import calibrate
from serving.bundle import Bundle
from serving.entries import Entry, personal_entries, pool_entries, without
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
ESTIMATED = ("als", "covisitation")


def ranked_entries(
    bundle: Bundle, taste: Taste, barred: np.ndarray, now: float
) -> tuple[list[Entry], int]:
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
    everything = [*personal_entries(bundle, taste.user), *pool_entries(bundle, taste.user)]
    published = without(everything, barred.tolist())
    quiet = replace(taste, lately=(), events=())
    before, after = (
        signals_at_cutoff(bundle, taste.user),
        signals_of(bundle, _liking(taste), barred),
    )
    entries = [*published, *proposed_entries(bundle, after, barred, published)]
    if not entries:
        return [], 0
    items = np.array([entry.item for entry in entries])
    base = _published_log_odds(published)
    gain, estimate = _gains(bundle, taste, quiet, items, len(published), (before, after), now)
    strangers = slice(len(published), None)
    factors = np.log(np.maximum(bundle.arrays["item_list_factor"][items[strangers]], CERTAIN))
    keys = np.r_[base + gain, estimate[strangers] + factors]
    order = np.lexsort((np.arange(items.size), -keys))
    scored = _scored(entries, gain, estimate)
    return ruled(bundle, [scored[place] for place in order.tolist()]), len(entries)


def proposed_entries(
    bundle: Bundle, signals: Signals, barred: np.ndarray, published: list[Entry]
) -> list[Entry]:
    """Return what the signals propose beyond a list, those with evidence first."""
    found = signals.covisited
    order = found.ranked()
    is_offered = bundle.arrays["item_is_offered"][found.items[order]] > 0
    best = order[is_offered][:NEIGHBOURS_JOINING]
    columns = (found.items, found.evidence, found.counts, found.supports)
    neighbours = [
        # People who had both, if one item alone speaks for the other; else that is not one number.
        Entry(item, None, "covisitation", evidence, support if count == 1 else None)
        for item, evidence, count, support in zip(*(c[best].tolist() for c in columns), strict=True)
    ]
    learned = [Entry(item, None, "als") for item in signals.als_order[:ALS_JOINING].tolist()]
    taken = {entry.item for entry in published} | set(barred.tolist())
    return without([*neighbours, *learned], taken)


def ruled(bundle: Bundle, entries: list[Entry]) -> list[Entry]:
    """Keep pins at their ranks, and hold back what is over the limit of its category."""
    pins = sorted(
        (int(bundle.arrays["item_pinned_rank"][entry.item]), place, entry)
        for place, entry in enumerate(entries)
        if entry.source == "pinned"
    )
    if not pins and not bundle.has_category_limits:
        return entries
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
    quiet: Taste,
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
    inputs = RankerInputs(bundle, ranker.features, taste, items)
    raw = ranker.raw_scores(inputs.at(taste, after, now))
    gain = raw[:published] - ranker.raw_scores(inputs.at(quiet, before, now)[:published])
    return gain, _log_odds(calibrate(ranker.calibrator, raw))


def _published_log_odds(published: list[Entry]) -> np.ndarray:
    """Log odds that fall along the list: rules and diversity may have put a lower score first."""
    scores = np.array([np.nan if entry.score is None else entry.score for entry in published])
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


def _scored(entries: list[Entry], gain: np.ndarray, estimate: np.ndarray) -> list[Entry]:
    """Return entries with the probabilities that they have now; the first ones have gained."""
    stored = np.array([np.nan if entry.score is None else entry.score for entry in entries])
    gains = np.r_[gain, np.zeros(len(entries) - gain.size)]
    odds = np.where(np.isnan(stored), estimate, _log_odds(stored) + gains)
    probabilities = expit(odds).tolist()
    return [
        entry
        if entry.score is None and entry.source not in ESTIMATED
        else Entry(entry.item, probability, *entry[2:])
        for entry, probability in zip(entries, probabilities, strict=True)
    ]


def _log_odds(scores: np.ndarray) -> np.ndarray:
    clipped = np.clip(scores, CERTAIN, 1 - CERTAIN)
    return np.log(clipped) - np.log1p(-clipped)
