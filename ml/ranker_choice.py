"""The choice between the ranker and orders that need no learning."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ml.intervals import metric_intervals, paired_differences
from ml.metrics import user_metrics
from ml.ordering import rank_within

RANKER = "ranker"
IMPRESSION_RANKER = "impression_ranker"
# A ranker by what taught it, a time split or impressions, and the column of its score.
LEARNED_ORDERS: Mapping[str, str] = {
    RANKER: "raw_score",
    IMPRESSION_RANKER: "impression_raw_score",
}
# An order without learning, and the column of a candidate that it sorts by.
SIMPLE_ORDERS: Mapping[str, str] = {
    "blend": "blend_score",
    "als": "als_score",
    "covisitation": "covisited_score",
    "repeats": "repeat_score",
    "popular": "popular_score",
}
# What orders candidates between which the rest cannot tell.
LAST_RESORT = "popular_score"
# On fewer users the difference of two systems is mostly chance.
FEWEST_USERS = 30
WITHOUT_JUDGEMENT = "blend"
LENGTH = 10
METRIC = f"ndcg_{LENGTH}"


def best_of_each_order(candidates: pd.DataFrame, *, repeats: bool) -> pd.DataFrame:
    """Cut the list that every order would have shown.

    Parameters
    ----------
    candidates : DataFrame
        ``user_id``, ``item_id``, ``is_seen``, the columns of `SIMPLE_ORDERS`
        (null where a source is silent), and of `LEARNED_ORDERS` those of
        the rankers that there are; all candidates of a user, at one moment.
    repeats : bool
        Whether seen items may be listed.

    Returns
    -------
    DataFrame
        ``system``, ``user_id``, ``item_id`` and ``rank`` (from 1, at most
        `LENGTH`). An order lists nothing that its source is silent about.
    """
    offered = candidates if repeats else candidates[~candidates["is_seen"].astype(bool)]
    learned = {name: column for name, column in LEARNED_ORDERS.items() if column in offered}
    lists = []
    for system, column in {**learned, **SIMPLE_ORDERS}.items():
        scored = offered.assign(raw_score=offered[column].astype(np.float64))
        scored = scored[scored["raw_score"].notna()]
        ranked = scored.assign(rank=rank_within(scored, ["user_id"], (LAST_RESORT,)))
        best = ranked.loc[ranked["rank"] <= LENGTH, ["user_id", "item_id", "rank"]]
        lists.append(best.assign(system=system))
    return pd.concat(lists, ignore_index=True)


def judge_orders(lists: pd.DataFrame, relevant: pd.DataFrame) -> pd.DataFrame:
    """Measure every order, and how much better the ranker is than each.

    Parameters
    ----------
    lists : DataFrame
        Of `best_of_each_order`.
    relevant : DataFrame
        ``user_id`` and ``item_id``: what users went on to take, unique.

    Returns
    -------
    DataFrame
        One row per order, best first, ties by name: ``contender``,
        ``ndcg_10`` (mean over users), ``lead``, ``lower`` and ``upper`` (what
        the mean of the first ranker of `LEARNED_ORDERS` is above it, with a
        95 % interval over users; null for itself and where there is no
        ranker) and ``user_count``. An order that lists nothing for anybody is
        left out.
    """
    nothing_known = pd.DataFrame({"user_id": [], "history_count": []})
    metrics = user_metrics(
        lists.assign(setting=""), relevant.assign(setting=""), nothing_known, LENGTH
    )
    means = metric_intervals(metrics, [METRIC], resamples=1)
    judged = means[["system", "value", "user_count"]]
    judged = judged.set_axis(["contender", METRIC, "user_count"], axis=1)
    leads = pd.DataFrame({"baseline": [], "value": [], "lower": [], "upper": []})
    learned = [name for name in LEARNED_ORDERS if name in set(judged["contender"])]
    if learned:
        leads = paired_differences(metrics, [METRIC], learned[0])
    leads = leads[["baseline", "value", "lower", "upper"]]
    leads = leads.set_axis(["contender", "lead", "lower", "upper"], axis=1)
    judged = judged.merge(leads, on="contender", how="left")
    order = [False, True]
    return judged.sort_values([METRIC, "contender"], ascending=order, ignore_index=True)


def choose_order(judged: pd.DataFrame) -> tuple[str, str]:
    """Choose what users' candidates are ordered by.

    Parameters
    ----------
    judged : DataFrame
        Of `judge_orders`.

    Returns
    -------
    tuple of str and str
        A name, of `LEARNED_ORDERS` or `SIMPLE_ORDERS`, and the reason in
        words. The best mean wins, and the ranker when it is not beaten, the
        one that a time split taught before the other; without a ranker,
        or on fewer than `FEWEST_USERS` users, the blend, which has nothing to
        overfit.
    """
    users = 0 if judged.empty else int(judged["user_count"].max())
    if users < FEWEST_USERS:
        return WITHOUT_JUDGEMENT, f"{users} users to judge by, fewer than {FEWEST_USERS}"
    values = dict(zip(judged["contender"], judged[METRIC], strict=True))
    if not set(LEARNED_ORDERS) & set(values):
        return WITHOUT_JUDGEMENT, "too little was taken in earlier periods to teach a ranker"
    best = max(values, key=lambda name: (values[name], name == RANKER, name in LEARNED_ORDERS))
    others = [name for name in judged["contender"] if name != best]
    against = f", {others[0]} {values[others[0]]:.3f}" if others else ""
    return best, f"nDCG@{LENGTH} {values[best]:.3f} of {users} users{against}"
