"""Items and users held out on purpose: `python -m benchmarks.quality.cold_start --mapping NAME`.

All interactions of the held-out are removed before anything is fitted. How content is used is
chosen on one part of the items, and measured on another.
"""

import argparse

import numpy as np
import pandas as pd
from rich.console import Console

from benchmarks.quality.cold_start_log import Log, read_log
from ml.als import AlsModel, fit_als, fold_in_user
from ml.cold_start import (
    content_neighbours,
    profile_scores,
    vectors_from_content,
    vectors_from_neighbours,
)
from ml.content import Content, ContentParams, read_content
from ml.context import context_scores
from ml.interactions import InteractionMatrix, build_interaction_matrix, positions
from ml.intervals import metric_intervals
from ml.metrics import user_metrics
from ml.sampling import hash_fractions
from orchestration.mapping import load_mapping
from orchestration.settings import PROJECT_ROOT

# Shares of the items held out to choose how content is used, and to measure that.
CHOOSING, MEASURING = 0.1, 0.2
# Share of the users held out, and the events of theirs that are shown one by one.
NEW_USERS, FIRST_EVENTS = 0.2, 3
MOST_USERS = 3000
LENGTH = 10
SHOWN = {"ndcg_10": "nDCG@10", "recall_10": "recall@10", "mrr_10": "MRR@10"}
CONSOLE = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Measure one log, and print two tables."""
    parser = argparse.ArgumentParser(description="Quality for items and users without a history.")
    parser.add_argument("--mapping", default="sample", help="name or path of a mapping")
    parser.add_argument("--seed", type=int, default=0, help="of who is held out")
    arguments = parser.parse_args()
    mapping = load_mapping(arguments.mapping, PROJECT_ROOT)
    log = read_log(mapping)
    print_table("items without interactions", cold_items(log, arguments.seed))
    print_table("users without interactions", new_users(log, arguments.seed))


def cold_items(log: Log, seed: int) -> pd.DataFrame:
    """Rank items whose every interaction was removed; the catalogue to choose from is theirs."""
    touched = pd.Series(np.sort(log.pairs["item_id"].unique()))
    fractions = hash_fractions(touched, seed)
    choosing = touched[fractions < CHOOSING].to_numpy(dtype=object)
    is_measured = (fractions >= CHOOSING) & (fractions < CHOOSING + MEASURING)
    measuring = touched[is_measured].to_numpy(dtype=object)
    content = read_content(log.items, ContentParams())
    tried = judged_items(log, content, choosing, np.r_[choosing, measuring], seed)
    means = tried.groupby("system")["ndcg_10"].mean()
    methods = means[~means.index.isin(["random", "popular category"])]
    chosen = str(methods.sort_index().idxmax())
    CONSOLE.print(f"\nchosen on {len(choosing)} other items: {chosen}; nDCG@10 there:")
    CONSOLE.print(means.round(4).sort_values(ascending=False).to_string())
    measured = judged_items(log, content, measuring, measuring, seed)
    kept = measured["system"].isin([chosen, "random", "popular category"])
    return metric_intervals(measured.loc[kept], list(SHOWN))


def judged_items(
    log: Log, content: Content, wanted: np.ndarray, hidden: np.ndarray, seed: int
) -> pd.DataFrame:
    """Judge every way to rank `wanted` when nothing is known of `hidden`."""
    warm = log.pairs.loc[~log.pairs["item_id"].isin(hidden)]
    matrix = build_interaction_matrix(warm)
    model = fit_als(matrix, log.params)
    relevant = log.positive.loc[log.positive["item_id"].isin(wanted)]
    relevant = relevant.loc[relevant["user_id"].isin(matrix.user_ids)]
    users = np.sort(relevant["user_id"].unique())
    users = users[np.argsort(hash_fractions(pd.Series(users), seed))][:MOST_USERS]
    relevant = relevant.loc[relevant["user_id"].isin(users)]
    scores = item_scores(log, content, model, matrix, users, wanted, seed)
    return judged(scores, users, wanted, relevant)


def item_scores(
    log: Log,
    content: Content,
    model: AlsModel,
    matrix: InteractionMatrix,
    users: np.ndarray,
    wanted: np.ndarray,
    seed: int,
) -> dict[str, np.ndarray]:
    """Score items without interactions in every way there is."""
    rows = positions(matrix.user_ids, users)
    known, vectors = matrix.item_ids, model.item_factors.astype(np.float64)
    user_vectors = model.user_factors[rows].astype(np.float64)
    counts = np.diff(matrix.weights.tocsc().indptr)
    categories = log.items.set_index("item_id")["category"]
    popular = pd.Series(counts).groupby(categories.reindex(known).to_numpy()).mean()
    by_category = categories.reindex(wanted).map(popular).fillna(0).to_numpy(dtype=np.float64)
    random = np.random.default_rng(seed).random((len(users), len(wanted)))
    scores = {
        "random": random,
        "popular category": np.tile(by_category, (len(users), 1)),
        "content profile": profile_scores(matrix.weights[rows], content, known, wanted),
    }
    for count in (10, 30, 100):
        neighbours = content_neighbours(content, wanted, known, count)
        near = vectors_from_neighbours(neighbours, wanted, known, vectors)
        scores[f"{count} nearest contents"] = user_vectors @ near.T
    for ridge in (1.0, 10.0, 100.0):
        predicted = vectors_from_content(content, wanted, known, vectors, ridge)
        scores[f"ridge {ridge:g}"] = user_vectors @ predicted.T
    return scores


def new_users(log: Log, seed: int) -> pd.DataFrame:
    """Rank for users whose every interaction was removed, then after their first events."""
    counts = log.pairs.groupby("user_id").size()
    candidates = pd.Series(np.sort(counts[counts > FIRST_EVENTS].index.to_numpy(dtype=object)))
    held_out = candidates[hash_fractions(candidates, seed) < NEW_USERS].to_numpy(dtype=object)
    warm = log.pairs.loc[~log.pairs["user_id"].isin(held_out)]
    matrix = build_interaction_matrix(warm)
    model = fit_als(matrix, log.params)
    own = log.pairs.merge(log.firsts, on=["user_id", "item_id"])
    own = own.loc[own["user_id"].isin(held_out)].sort_values(["user_id", "first_at", "item_id"])
    own = own.assign(place=own.groupby("user_id").cumcount())
    first = own.loc[own["place"] < FIRST_EVENTS]
    later = own.loc[own["place"] >= FIRST_EVENTS, ["user_id", "item_id"]]
    relevant = later.merge(log.positive, on=["user_id", "item_id"])
    relevant = relevant.loc[relevant["item_id"].isin(matrix.item_ids)]
    users = np.sort(relevant["user_id"].unique())
    items = matrix.item_ids
    popular = np.diff(matrix.weights.tocsc().indptr).astype(np.float64)
    scores = {
        "random": np.random.default_rng(seed).random((len(users), len(items))),
        "popular": np.tile(popular, (len(users), 1)),
        "context": context_scores(warm[["user_id", "item_id"]], log.contexts, users, items),
    }
    for count in range(1, FIRST_EVENTS + 1):
        folded = folded_in(model, matrix, first.loc[first["place"] < count], users)
        name = f"after {count} event" + ("s" if count > 1 else "")
        scores[name] = folded @ model.item_factors.T.astype(np.float64)
    # Whoever is asked, the first events are no answer.
    shown = first.loc[first["user_id"].isin(users) & first["item_id"].isin(items)]
    rows, columns = (
        positions(axis, shown[name].to_numpy())
        for axis, name in ((users, "user_id"), (items, "item_id"))
    )
    for values in scores.values():
        values[rows, columns] = -np.inf
    return metric_intervals(judged(scores, users, items, relevant), list(SHOWN))


def folded_in(
    model: AlsModel, matrix: InteractionMatrix, events: pd.DataFrame, users: np.ndarray
) -> np.ndarray:
    """Solve for users who were not there when the model was fitted."""
    gram = model.item_factors.T.astype(np.float64) @ model.item_factors.astype(np.float64)
    known = events.loc[events["item_id"].isin(matrix.item_ids)]
    groups = dict(iter(known.groupby("user_id")))
    vectors = np.zeros((len(users), model.item_factors.shape[1]))
    for row, user in enumerate(users):
        if user in groups:
            columns = positions(matrix.item_ids, groups[user]["item_id"].to_numpy())
            vectors[row] = fold_in_user(model, gram, columns, groups[user]["weight"].to_numpy())
    return vectors


def judged(
    scores: dict[str, np.ndarray], users: np.ndarray, items: np.ndarray, relevant: pd.DataFrame
) -> pd.DataFrame:
    """Cut lists of ten from scores, and judge them; equal scores are ordered by chance."""
    chance = np.random.default_rng(0).permutation(len(items))
    frames = []
    for system, values in scores.items():
        best = np.lexsort((np.broadcast_to(chance, values.shape), -values), axis=1)[:, :LENGTH]
        frames.append(
            pd.DataFrame(
                {
                    "setting": "cold",
                    "system": system,
                    "user_id": np.repeat(users, best.shape[1]),
                    "item_id": items[best.ravel()],
                    "rank": np.tile(np.arange(1, best.shape[1] + 1), len(users)),
                }
            )
        )
    nobody = pd.DataFrame({"user_id": [], "history_count": []})
    return user_metrics(pd.concat(frames), relevant.assign(setting="cold"), nobody)


def print_table(title: str, intervals: pd.DataFrame) -> None:
    """Show means with their 95% intervals, best first."""
    texts = intervals.assign(
        text=[
            f"{row.value:.4f} ({row.lower:.4f}-{row.upper:.4f})" for row in intervals.itertuples()
        ]
    )
    table = texts.pivot_table(index="system", columns="metric", values="text", aggfunc="first")
    means = intervals.pivot_table(index="system", columns="metric", values="value")
    ordered = means.sort_values("ndcg_10", ascending=False).index
    users = intervals["user_count"].max()
    CONSOLE.print(f"\n{title}: means over {users:,} users, 95% intervals")
    CONSOLE.print(table.loc[ordered, list(SHOWN)].rename(columns=SHOWN).to_string())


if __name__ == "__main__":
    main()
