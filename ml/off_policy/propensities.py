"""Chances of lists that are drawn item by item, without putting an item twice."""

import numpy as np


def propensities_without_repeats(
    requests: np.ndarray, places: np.ndarray, propensities: np.ndarray
) -> np.ndarray:
    """Correct propensities for the chance that the item stood higher up already.

    An item that is often first is seldom left for the third place; dividing by the chance at the
    third place alone counts it too little. For lists drawn by chances that do not change along the
    list (Plackett-Luce), the log holds what is missing: with ``p_j`` the propensity at place ``j``,
    the item at place ``r`` would have been put at place ``k`` above with ``q_k = p_r prod_{k <= j <
    r} (1 - p_j)``. Divided by ``p_r prod_{k < r} (1 - q_k)``, the expected weight of every item at
    every place is one: the lists that do not hold it higher up count as much as all lists would.

    Parameters
    ----------
    requests : ndarray of shape (n,), int
        Numbers of the lists.
    places : ndarray of shape (n,), int
        From 1.
    propensities : ndarray of shape (n,), float
        Probability of the item at its place given the items above it.

    Returns
    -------
    ndarray of shape (n,), float64
        In (0, 1]; nan where a place above is missing or has no propensity, or its own is none. The
        first place keeps its propensity.

    References
    ----------
    Plackett (1975), "The Analysis of Permutations", Applied Statistics 24(2). That the mean weight
    is one follows by summing over the prefixes: each of its factors is the chance of the next item
    when this one is left out.
    """
    order = np.lexsort((places, requests))
    lists, ranks = requests[order], places[order]
    chances = np.where((propensities > 0) & (propensities <= 1), propensities, np.nan)[order]
    with np.errstate(divide="ignore"):
        steps = np.log1p(-chances)
    starts = np.flatnonzero(np.r_[True, lists[1:] != lists[:-1]]) if lists.size else lists
    first = np.repeat(starts, np.diff(np.r_[starts, lists.size]))
    # A place that is missing above leaves no way to say what could have been there.
    found = np.where(ranks == np.arange(lists.size) - first + 1, chances, np.nan)
    left = np.ones(lists.size)
    for lag in range(1, int(ranks.max(initial=1))):
        rows = np.flatnonzero(first[lag:] <= np.arange(lists.size - lag)) + lag
        left[rows] *= np.exp(steps[rows - lag])
        found[rows] *= 1 - chances[rows] * left[rows]
    answer = np.empty(lists.size)
    answer[order] = found
    return answer
