"""What it costs to order lists by more than the chance of being taken."""

import numpy as np
import pandas as pd

from ml.intervals import metric_intervals, paired_differences
from ml.metrics import user_metrics

PLAIN = "plain"


def list_costs(
    lists: pd.DataFrame, relevant: pd.DataFrame, resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Compare the lists under each choice with the plain ones, user by user.

    Parameters
    ----------
    lists : DataFrame
        ``choice``, ``strength`` (float64), ``user_id``, ``item_id`` and
        ``rank`` (from 1); unique by item and by rank within a list. The
        choice ``plain`` has one strength.
    relevant : DataFrame
        ``user_id`` and ``item_id``; unique.
    resamples, seed
        As for `bootstrap_mean`.

    Returns
    -------
    DataFrame
        One row per choice and strength, sorted so: ``ndcg_10`` (mean over
        users), ``difference`` (choice minus plain), ``lower`` and ``upper``
        (its 95% interval, by bootstrap over the differences of each user; nan
        for fewer than two users) and ``user_count``. For ``plain`` itself the
        difference is 0. No rows without plain lists or without relevant items.
    """
    names = ["choice", "strength", "ndcg_10", "difference", "lower", "upper", "user_count"]
    if relevant.empty or PLAIN not in set(lists["choice"]):
        types = dict.fromkeys(names[1:6], np.float64)
        return pd.DataFrame(columns=names).astype({"choice": str, **types, "user_count": np.int64})
    keys = lists[["choice", "strength"]].drop_duplicates().sort_values(["choice", "strength"])
    keys = keys.assign(system=keys["choice"] + " " + keys["strength"].astype(str))
    (plain,) = keys.loc[keys["choice"] == PLAIN, "system"]
    metrics = user_metrics(
        lists.merge(keys, on=["choice", "strength"]).assign(setting="judged"),
        relevant.assign(setting="judged"),
        pd.DataFrame({"user_id": [], "history_count": []}),
    )
    means = metric_intervals(metrics, ["ndcg_10"], resamples=1).set_index("system")
    # Plain minus choice, so value and bounds change their signs and the bounds their places.
    losses = paired_differences(metrics, ["ndcg_10"], plain, resamples, seed=seed)
    losses = losses.set_index("baseline")[["value", "lower", "upper"]]
    losses.loc[plain] = 0.0
    system = keys["system"].to_numpy()
    return pd.DataFrame(
        {
            "choice": keys["choice"].to_numpy(),
            "strength": keys["strength"].to_numpy(np.float64),
            "ndcg_10": means.loc[system, "value"].to_numpy(),
            # Adding 0 turns -0.0 into 0.0.
            "difference": -losses.loc[system, "value"].to_numpy() + 0.0,
            "lower": -losses.loc[system, "upper"].to_numpy() + 0.0,
            "upper": -losses.loc[system, "lower"].to_numpy() + 0.0,
            "user_count": means.loc[system, "user_count"].to_numpy(np.int64),
        }
    )
