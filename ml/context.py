"""Users nothing is known of but where they come from."""

import numpy as np
import pandas as pd

from ml.interactions import positions


def context_scores(
    pairs: pd.DataFrame,
    contexts: pd.DataFrame,
    user_ids: np.ndarray,
    item_ids: np.ndarray,
    prior: float = 50.0,
) -> np.ndarray:
    """Score items for new users by what others with the same context took.

    The score is the logarithm of an item's share among all users, plus for
    each context of the user that of how much larger its share is there: the
    contexts are taken to be independent, given the item.

    Parameters
    ----------
    pairs : DataFrame
        ``user_id`` and ``item_id`` of users with a history; unique.
    contexts : DataFrame
        ``user_id``, ``name`` and ``value`` of what is known before the first
        event, such as a segment or a device, of all users; unique by the
        first two.
    user_ids : ndarray of shape (n,)
        The new users.
    item_ids : ndarray of shape (m,)
        The items to score.
    prior : float
        Users of average taste that are added to those of a context, > 0: the
        fewer share it, the nearer its shares are to those of all.

    Returns
    -------
    ndarray of shape (n, m), float64
        A user without a known context gets what is popular; -inf for an item
        nobody took.

    Raises
    ------
    ValueError
        If `prior` is not > 0.
    """
    if not prior > 0:
        raise ValueError(f"prior must be > 0, got {prior}")
    columns = positions(np.sort(item_ids), pairs["item_id"].to_numpy())
    order = np.argsort(item_ids.astype(object), kind="stable")
    known = pairs.assign(column=np.append(order, -1)[columns]).query("column >= 0")
    users = max(pairs["user_id"].nunique(), 1)
    shares = np.bincount(known["column"], minlength=len(item_ids)) / users
    with np.errstate(divide="ignore"):
        scores = np.tile(np.log(shares), (len(user_ids), 1))
    told = contexts.loc[contexts["user_id"].isin(pairs["user_id"])]
    places = pd.Series(np.arange(len(user_ids)), index=user_ids)
    asked = contexts.loc[contexts["user_id"].isin(places.index)]
    for key, group in asked.groupby(["name", "value"]):
        alike = told.loc[(told["name"] == key[0]) & (told["value"] == key[1]), "user_id"]
        taken = known.loc[known["user_id"].isin(alike), "column"]
        counts = np.bincount(taken, minlength=len(item_ids))
        within = (counts + prior * shares) / (alike.nunique() + prior)
        lifts = np.divide(within, shares, out=np.ones_like(shares), where=shares > 0)
        scores[places[group["user_id"]].to_numpy()] += np.log(lifts)
    return scores
