"""From the columns of a log and of lists to the arrays that values are made of."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from ml.interactions import positions
from ml.off_policy.log import LoggedActions, Target, list_target
from ml.off_policy.propensities import propensities_without_repeats

MARGINAL = "marginal"


def logged_actions(rows: pd.DataFrame, item_ids: np.ndarray, outcome: str) -> LoggedActions:
    """Turn ids of users, lists and items into numbers.

    Parameters
    ----------
    rows : DataFrame
        ``request_id``, ``user_id``, ``item_id``, ``shown_rank``, ``propensity`` (null when
        unknown), ``propensity_kind`` (``conditional``: given the items above; ``marginal``: of the
        item at its place, whatever stands above) and the column `outcome` (bool).
    item_ids : ndarray
        Sorted ids of all items of the log and of the policies.
    outcome : str
        Column that is counted.

    Returns
    -------
    LoggedActions
        Conditional propensities as of `propensities_without_repeats`, marginal ones as they are.
    """
    requests = pd.factorize(rows["request_id"], sort=True)[0]
    places = rows["shown_rank"].to_numpy(dtype=np.int64)
    logged = rows["propensity"].to_numpy(dtype=np.float64, na_value=np.nan)
    is_marginal = rows["propensity_kind"].eq(MARGINAL).to_numpy()
    given_above = np.where(is_marginal, np.nan, logged)
    return LoggedActions(
        users=pd.factorize(rows["user_id"], sort=True)[0],
        requests=requests,
        places=places,
        actions=positions(item_ids, rows["item_id"].to_numpy()),
        propensities=np.where(
            is_marginal, logged, propensities_without_repeats(requests, places, given_above)
        ),
        outcomes=rows[outcome].to_numpy(dtype=np.float64),
    )


def same_list_for_all(rows: pd.DataFrame, item_ids: np.ndarray, listed: np.ndarray) -> Target:
    """Show everybody the same list.

    Parameters
    ----------
    rows : DataFrame
        The log, with ``shown_rank``.
    item_ids : ndarray
        As for `logged_actions`.
    listed : ndarray
        Ids of the items, best first.

    Returns
    -------
    Target
        Without an answer at places beyond the list.
    """
    contexts = rows["shown_rank"].to_numpy(dtype=np.int64) - 1
    contexts = np.where(contexts < listed.size, contexts, -1)
    places = np.arange(listed.size)
    return list_target(places, positions(item_ids, listed), listed.size, item_ids.size, contexts)


def personal_lists(rows: pd.DataFrame, item_ids: np.ndarray, lists: pd.DataFrame) -> Target:
    """Show everybody a list of their own.

    Parameters
    ----------
    rows : DataFrame
        The log, with ``user_id`` and ``shown_rank``; with ``shown_at`` if `lists` has a start.
    item_ids : ndarray
        As for `logged_actions`.
    lists : DataFrame
        ``user_id``, ``item_id`` and ``rank``, unique by user and rank; ``since``, the moment from
        which a row is shown, where there is one.

    Returns
    -------
    Target
        Without an answer for users and places that are not in `lists`, and before ``since``.
    """
    keys = pd.MultiIndex.from_frame(lists[["user_id", "rank"]].astype({"rank": np.int64}))
    wanted = rows[["user_id", "shown_rank"]].astype({"shown_rank": np.int64})
    contexts = keys.get_indexer(pd.MultiIndex.from_frame(wanted))
    if "since" in lists and len(lists):
        since = lists["since"].to_numpy()[contexts]
        contexts = np.where(rows["shown_at"].to_numpy() >= since, contexts, -1)
    numbers = np.arange(len(lists))
    actions = positions(item_ids, lists["item_id"].to_numpy())
    return list_target(numbers, actions, len(lists), item_ids.size, contexts)


def any_of(rows: pd.DataFrame, item_ids: np.ndarray, offered: np.ndarray) -> Target:
    """Show any of some items, all equally likely.

    Parameters
    ----------
    rows : DataFrame
        The log.
    item_ids : ndarray
        As for `logged_actions`.
    offered : ndarray
        Ids, each once.

    Returns
    -------
    Target
    """
    chances = np.zeros((1, item_ids.size))
    chances[0, positions(item_ids, offered)] = 1.0 / max(offered.size, 1)
    contexts = np.zeros(len(rows), dtype=np.int64) if offered.size else np.full(len(rows), -1)
    return Target(csr_matrix(chances), contexts)
