"""What an attribute changes, and how groups of users are served."""

import numpy as np
import pandas as pd

from ml.intervals import metric_intervals, paired_differences

# A share of the catalogue: the items that everybody knows.
HEAD_SHARE = 0.01
EVERYBODY = "(all)"
NOBODY = "(none)"
COLUMNS = ["system", "user_group", "metric", "value", "lower", "upper", "user_count"]


def audit_table(
    lists: pd.DataFrame, metrics: pd.DataFrame, groups: pd.DataFrame, items: pd.DataFrame, k: int
) -> pd.DataFrame:
    """Compare two systems, for each group of users and for all of them.

    Parameters
    ----------
    lists : DataFrame
        ``system`` (``with`` or ``without``), ``user_id``, ``item_id`` and
        ``rank`` (from 1).
    metrics : DataFrame
        Of `user_metrics`, for the same systems and one setting.
    groups : DataFrame
        ``user_id``, once each, and ``user_group``; a user who is absent, or
        whose group is null, is in the group ``(none)``.
    items : DataFrame
        The catalogue: ``item_id``, once each, and ``user_count`` (users of
        the item when the lists were made, >= 0).
    k : int
        Ranks counted, >= 1.

    Returns
    -------
    DataFrame
        ``system`` (also ``difference``: with minus without, user by user),
        ``user_group`` (``(all)`` for everybody), ``metric``, ``value``,
        ``lower``, ``upper`` (95% interval; nan where a metric is no mean over
        users) and ``user_count``, sorted by the first three. The metrics:
        ``ndcg_k``; ``catalogue_share`` (items shown to the group, of all);
        ``mean_popularity`` (mean user count of what is shown);
        ``head_share`` (places with an item of the most popular 1%).
    """
    quality = [f"ndcg_{k}"]
    shown = lists.loc[lists["rank"] <= k, ["system", "user_id", "item_id"]]
    exposure = _exposure(_with_groups(shown, groups), items)
    grouped = _with_groups(metrics, groups).assign(setting=lambda rows: rows["user_group"])
    means = metric_intervals(grouped, quality)
    table = [exposure, means.rename(columns={"setting": "user_group"})]
    if {"with", "without"} <= set(metrics["system"]):
        differences = paired_differences(grouped, quality, "with")
        table.append(
            differences.rename(columns={"setting": "user_group"}).assign(system="difference")
        )
    joined = pd.concat([part[COLUMNS] for part in table], ignore_index=True)
    joined = joined.astype({"lower": np.float64, "upper": np.float64, "user_count": np.int64})
    return joined.sort_values(["system", "user_group", "metric"], ignore_index=True)


def _with_groups(rows: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Give every row its group, and a copy of it to the group of everybody."""
    named = rows.merge(groups[["user_id", "user_group"]], on="user_id", how="left")
    named = named.assign(user_group=named["user_group"].fillna(NOBODY).astype(str))
    return pd.concat([named, named.assign(user_group=EVERYBODY)], ignore_index=True)


def _exposure(shown: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Describe what each group is shown."""
    head_size = max(int(np.ceil(HEAD_SHARE * len(items))), 1)
    ordered = items.sort_values(["user_count", "item_id"], ascending=[False, True])
    marked = ordered.assign(is_head=np.arange(len(ordered)) < head_size)
    rows = shown.merge(marked, on="item_id", how="left")
    rows = rows.assign(
        user_count=rows["user_count"].fillna(0), is_head=rows["is_head"].eq(other=True)
    )
    sums = rows.groupby(["system", "user_group"]).agg(
        catalogue_share=("item_id", "nunique"),
        mean_popularity=("user_count", "mean"),
        head_share=("is_head", "mean"),
        people=("user_id", "nunique"),
    )
    sums = sums.assign(catalogue_share=sums["catalogue_share"] / max(len(items), 1)).reset_index()
    long = sums.melt(
        ["system", "user_group", "people"],
        ["catalogue_share", "mean_popularity", "head_share"],
        "metric",
        "value",
    )
    return long.rename(columns={"people": "user_count"}).assign(
        value=lambda frame: frame["value"].astype(np.float64), lower=np.nan, upper=np.nan
    )
