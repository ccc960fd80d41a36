"""How the lists of a system spread over the catalogue; `evl_list_quality` has the means."""

import numpy as np
import pandas as pd

_SYSTEM = ["setting", "system"]


def exposure_counts(lists: pd.DataFrame, k: int = 10) -> pd.DataFrame:
    """Count in how many lists each item stands among the first `k`.

    Parameters
    ----------
    lists : DataFrame
        ``setting``, ``system``, ``user_id``, ``item_id`` and ``rank`` (from
        1); unique by item within a list.
    k : int
        Ranks counted, >= 1.

    Returns
    -------
    DataFrame
        ``setting``, ``system``, ``item_id`` and ``list_count`` (int64, >= 1),
        sorted by them; items that are never listed are absent.
    """
    keys = [*_SYSTEM, "item_id"]
    return lists.loc[lists["rank"] <= k].groupby(keys).size().reset_index(name="list_count")


def coverage_by_depth(lists: pd.DataFrame, catalogue_size: int, depth: int = 50) -> pd.DataFrame:
    """Follow coverage down the lists.

    Parameters
    ----------
    lists : DataFrame
        ``setting``, ``system``, ``user_id``, ``item_id`` and ``rank`` (from
        1); unique by item within a list.
    catalogue_size : int
        Items there are, >= 1.
    depth : int
        Last rank, >= 1.

    Returns
    -------
    DataFrame
        ``setting``, ``system``, ``rank`` (1 to `depth`) and ``coverage``: the
        share of the catalogue that stands at this rank or above in some list.
    """
    best = lists.groupby([*_SYSTEM, "item_id"])["rank"].min()
    ranks = pd.RangeIndex(1, depth + 1, name="rank")
    reached = best.groupby(_SYSTEM).value_counts().unstack("rank", fill_value=0)
    shares = reached.reindex(columns=ranks, fill_value=0).cumsum(axis="columns") / catalogue_size
    long = shares.melt(var_name="rank", value_name="coverage", ignore_index=False).reset_index()
    return long.astype({"rank": np.int64}).sort_values([*_SYSTEM, "rank"], ignore_index=True)
