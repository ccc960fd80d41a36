"""Ranking metrics of users' lists; means over users are taken in SQL."""

import numpy as np
import pandas as pd

_LIST = ["setting", "system", "user_id"]


def ndcg_at_k(relevant: np.ndarray, k: int, relevant_count: int | None = None) -> float:
    """Discounted gain of a ranked list, as a share of the best possible.

    Parameters
    ----------
    relevant : ndarray of shape (n,), bool
        Whether the item at each rank, best rank first, was relevant.
    k : int
        Ranks counted, >= 1.
    relevant_count : int, optional
        Relevant items there are, listed or not; those in `relevant` when
        absent, so pass the whole ranking then.

    Returns
    -------
    float
        In [0, 1]; nan when nothing was relevant, for then no order is better
        than another.

    Raises
    ------
    ValueError
        If `k` is below 1, or more items are listed as relevant than there
        are.

    References
    ----------
    Järvelin, Kekäläinen (2002), "Cumulated gain-based evaluation of IR
    techniques", ACM TOIS 20(4); discount log2(rank + 1).
    """
    if k < 1:
        raise ValueError(f"k must be >= 1, got {k}")
    listed = int(np.count_nonzero(relevant))
    total = listed if relevant_count is None else relevant_count
    if total < listed:
        raise ValueError(f"relevant_count must be >= {listed}, the relevant listed, got {total}")
    if total == 0:
        return float("nan")
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    gained = np.asarray(relevant)[:k] @ discounts[: np.asarray(relevant)[:k].size]
    return float(gained / discounts[: min(k, total)].sum())


def user_metrics(
    lists: pd.DataFrame, relevant: pd.DataFrame, histories: pd.DataFrame, k: int = 10
) -> pd.DataFrame:
    """Measure every list against what the user turned out to want.

    Every user with a relevant item counts for every system of the setting:
    one who got no list from it scores 0. Users without relevant items are
    left out, for no list could be better than another. A system counts in the
    settings in which it has a list at all.

    Parameters
    ----------
    lists : DataFrame
        ``setting``, ``system``, ``user_id``, ``item_id`` and ``rank`` (from
        1); unique by item and by rank within a list.
    relevant : DataFrame
        ``setting``, ``user_id``, ``item_id``; unique.
    histories : DataFrame
        ``user_id`` and ``history_count``; a user who is absent had none.
    k : int
        Ranks counted, >= 1.

    Returns
    -------
    DataFrame
        One row per setting, system and user, sorted so: ``history_count``,
        ``relevant_count`` (int64) and, as float64 in [0, 1],
        ``ndcg_k`` (binary gain, discount log2(rank + 1), ideal of
        min(k, relevant) items), ``recall_k`` (relevant items found, of all
        relevant), ``precision_k`` (of k), ``mrr_k`` (1 / rank of the first
        relevant, else 0) and ``hit_k`` (1 if any was found), `k` as a number.

    Raises
    ------
    ValueError
        If `k` is below 1, a rank is below 1, or a list repeats an item or a
        rank, or `relevant` a pair.
    """
    _check_lists(lists, relevant, k)
    hits = lists.loc[lists["rank"] <= k, [*_LIST, "item_id", "rank"]].merge(
        relevant[["setting", "user_id", "item_id"]], on=["setting", "user_id", "item_id"]
    )
    hits = hits.assign(gain=1.0 / np.log2(hits["rank"] + 1.0)).sort_values([*_LIST, "rank"])
    found = hits.groupby(_LIST, sort=False).agg(
        found=("rank", "size"), first=("rank", "min"), gain=("gain", "sum")
    )
    counts = relevant.groupby(["setting", "user_id"]).size().rename("relevant_count").reset_index()
    rows = lists[["setting", "system"]].drop_duplicates().merge(counts, on="setting")
    rows = rows.merge(found.reset_index(), on=_LIST, how="left")
    rows = rows.merge(histories[["user_id", "history_count"]], on="user_id", how="left")
    rows = rows.sort_values(_LIST, ignore_index=True)
    return _metric_columns(rows, k)


def _metric_columns(rows: pd.DataFrame, k: int) -> pd.DataFrame:
    """Metrics from the number of hits, the first rank, the gain and the relevant."""
    ideal = np.cumsum(1.0 / np.log2(np.arange(2, k + 2)))
    relevant = rows["relevant_count"].to_numpy(dtype=np.int64)
    found, gain = _filled(rows["found"]), _filled(rows["gain"])
    return rows[_LIST].assign(
        history_count=_filled(rows["history_count"]).astype(np.int64),
        relevant_count=relevant,
        **{
            # The sum of a full list may exceed the ideal by a rounding error.
            f"ndcg_{k}": np.minimum(gain / ideal[np.minimum(relevant, k) - 1], 1.0),
            f"recall_{k}": found / relevant,
            f"precision_{k}": found / k,
            f"mrr_{k}": _filled(1.0 / rows["first"]),
            f"hit_{k}": (found > 0).astype(np.float64),
        },
    )


def _filled(column: pd.Series) -> np.ndarray:
    """Numbers with 0 for those a left join did not find, float64."""
    return np.nan_to_num(column.to_numpy(dtype=np.float64))


def _check_lists(lists: pd.DataFrame, relevant: pd.DataFrame, k: int) -> None:
    """Refuse lists on which the metrics are not defined."""
    if k < 1:
        raise ValueError(f"k must be >= 1, got {k}")
    below = int((~(lists["rank"] >= 1)).sum())
    if below:
        raise ValueError(f"{below} ranks are not >= 1")
    for column in ("item_id", "rank"):
        repeated = int(lists.duplicated([*_LIST, column]).sum())
        if repeated:
            raise ValueError(f"{repeated} rows of lists repeat a {column}")
    repeated = int(relevant.duplicated(["setting", "user_id", "item_id"]).sum())
    if repeated:
        raise ValueError(f"{repeated} relevant pairs occur more than once")
