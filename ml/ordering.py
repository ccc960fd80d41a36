"""The order of a list."""

import numpy as np
import pandas as pd


def rank_within(frame: pd.DataFrame, groups: list[str]) -> pd.Series:
    """Give each candidate its place in the list it belongs to.

    Parameters
    ----------
    frame : DataFrame of length n
        ``raw_score``, ``item_id`` and the columns in `groups`.
    groups : list of str
        Columns that name a list, such as ``cutoff_at`` and ``user_id``.

    Returns
    -------
    Series of length n, int64
        From 1 without gaps within a list, highest raw score first; equal
        scores by item id. With the index of `frame`.
    """
    placed = frame[[*groups, "raw_score", "item_id"]].reset_index(drop=True)
    ordered = placed.sort_values(["raw_score", "item_id"], ascending=[False, True])
    ranks = ordered.groupby(groups, sort=False).cumcount().sort_index() + 1
    return pd.Series(ranks.to_numpy(dtype=np.int64), index=frame.index, name="ranked_position")
