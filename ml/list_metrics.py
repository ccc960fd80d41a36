"""What the lists of a system are like together: spread, novelty, diversity."""

import numpy as np
import pandas as pd

_SYSTEM = ["setting", "system"]


def list_metrics(
    lists: pd.DataFrame, items: pd.DataFrame, user_count: int, k: int = 10
) -> pd.DataFrame:
    """Describe the first `k` ranks of all lists of each system.

    Parameters
    ----------
    lists : DataFrame
        ``setting``, ``system``, ``user_id``, ``item_id`` and ``rank`` (from
        1); unique by item within a list.
    items : DataFrame
        The catalogue: ``item_id`` (unique), ``user_count`` (how many users
        had the item before the cutoff, >= 0) and ``category`` (null when
        unknown). Holds every listed item.
    user_count : int
        Users there were before the cutoff, >= 1, the largest count of an
        item or more.
    k : int
        Ranks counted, >= 1.

    Returns
    -------
    DataFrame
        ``setting``, ``system``, ``metric`` and ``value`` (float64), one row
        per system and metric, sorted so:

        - ``coverage_k``: share of the catalogue in at least one list.
        - ``gini_k``: inequality of how often catalogue items are listed,
          unlisted ones included; 0 when all are listed equally often, towards
          1 when one item fills all lists.
        - ``novelty_k``: mean self-information of a listed item in bits,
          ``-log2(share of users who had it)``, an item nobody had counted as
          had by one; first within a list, then over lists.
        - ``diversity_k``: share of the pairs of items in a list that differ
          in category, mean over lists; items without a category and lists
          with fewer than two others are left out, nan when none remains.

    Raises
    ------
    ValueError
        If `k` or `user_count` is below 1, an item occurs twice in `items`, a
        listed item is absent from it, or more users had an item than there
        are.

    References
    ----------
    Zhou et al. (2010), PNAS 107(10): self-information; Ziegler et al. (2005),
    WWW: intra-list similarity.
    """
    _check_catalogue(lists, items, user_count, k)
    top = lists.loc[lists["rank"] <= k].merge(items, on="item_id")
    parts = [
        _coverage_and_gini(top, len(items), k),
        _novelty(top, user_count).rename(f"novelty_{k}"),
        _diversity(top).rename(f"diversity_{k}"),
    ]
    table = pd.concat(parts, axis="columns").melt(var_name="metric", ignore_index=False)
    return table.reset_index().sort_values([*_SYSTEM, "metric"], ignore_index=True)


def exposure_counts(lists: pd.DataFrame, k: int = 10) -> pd.DataFrame:
    """Count in how many lists each item stands among the first `k`.

    Parameters
    ----------
    lists : DataFrame
        As for `list_metrics`.
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
        As for `list_metrics`.
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


def gini(counts: np.ndarray) -> float:
    """Measure inequality.

    Parameters
    ----------
    counts : ndarray of shape (n,)
        How often each item was listed, >= 0, zeros included.

    Returns
    -------
    float
        In [0, 1 - 1/n]: half the mean absolute difference of two items, in
        units of the mean; nan when all counts are zero.
    """
    ordered = np.sort(np.asarray(counts, dtype=np.float64))
    total, size = ordered.sum(), ordered.size
    if total == 0:
        return float("nan")
    places = np.arange(1, size + 1)
    return float(((2 * places - size - 1) @ ordered) / (size * total))


def _coverage_and_gini(top: pd.DataFrame, catalogue_size: int, k: int) -> pd.DataFrame:
    """Both follow from how often each item is listed."""
    counts = top.groupby([*_SYSTEM, "item_id"]).size().groupby(_SYSTEM)
    return pd.DataFrame(
        {
            f"coverage_{k}": counts.size() / catalogue_size,
            f"gini_{k}": counts.agg(
                lambda listed: gini(np.r_[np.zeros(catalogue_size - listed.size), listed])
            ),
        }
    )


def _novelty(top: pd.DataFrame, user_count: int) -> pd.Series:
    """Mean self-information in bits, lists weighted alike."""
    share = top["user_count"].clip(lower=1) / user_count
    bits = top.assign(bits=-np.log2(share))
    return bits.groupby([*_SYSTEM, "user_id"])["bits"].mean().groupby(_SYSTEM).mean()


def _diversity(top: pd.DataFrame) -> pd.Series:
    """Share of pairs of a list with different categories, lists weighted alike."""
    keys = [*_SYSTEM, "user_id"]
    sizes = top.dropna(subset="category").groupby([*keys, "category"]).size()
    alike = (sizes * (sizes - 1)).groupby(keys).sum()
    totals = sizes.groupby(keys).sum()
    pairs = totals * (totals - 1)
    return (1 - alike[pairs > 0] / pairs[pairs > 0]).groupby(_SYSTEM).mean()


def _check_catalogue(lists: pd.DataFrame, items: pd.DataFrame, user_count: int, k: int) -> None:
    """Refuse a catalogue that does not fit the lists."""
    for name, value in {"k": k, "user_count": user_count}.items():
        if value < 1:
            raise ValueError(f"{name} must be >= 1, got {value}")
    repeated = int(items.duplicated("item_id").sum())
    if repeated:
        raise ValueError(f"{repeated} items occur more than once")
    absent = lists.loc[~lists["item_id"].isin(items["item_id"]), "item_id"].nunique()
    if absent:
        raise ValueError(f"{absent} listed items are not in the catalogue")
    most = items["user_count"].max()
    if most > user_count:
        raise ValueError(f"{most} users had an item, but user_count is {user_count}")
