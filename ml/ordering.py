"""The order of a list."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def rank_within(frame: pd.DataFrame, groups: list[str], ties: Sequence[str] = ()) -> pd.Series:
    """Give each candidate its place in the list it belongs to.

    Parameters
    ----------
    frame : DataFrame of length n
        ``raw_score``, ``item_id`` and the columns in `groups`.
    groups : list of str
        Columns that name a list, such as ``cutoff_at`` and ``user_id``.
    ties : sequence of str
        Columns of `frame` that order equal scores, highest first, null last.

    Returns
    -------
    Series of length n, int64
        From 1 without gaps within a list, highest raw score first; equal
        ones by `ties`, then by item id. With the index of `frame`.
    """
    scores = list(dict.fromkeys(["raw_score", *ties]))
    placed = frame[[*groups, *scores, "item_id"]].reset_index(drop=True)
    falling = [False] * len(scores)
    ordered = placed.sort_values([*scores, "item_id"], ascending=[*falling, True])
    ranks = ordered.groupby(groups, sort=False).cumcount().sort_index() + 1
    return pd.Series(ranks.to_numpy(dtype=np.int64), index=frame.index, name="ranked_position")
