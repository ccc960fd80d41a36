"""A small release, written by hand."""

import numpy as np

from orchestration.releases.writing import ReleaseWriter

USERS = ["", "ann", "bob", "zoë", "用户", "🙂"]
ITEMS = ["cup", "lamp", "oak chair", "spoon"]


def write_rows(writer: ReleaseWriter, table: str, owners: list[list[tuple]], *columns: str) -> None:
    """Write rows by owner into `<table>_starts` and `<table>_<column>`."""
    counts = [len(rows) for rows in owners]
    writer.whole(f"{table}_starts", np.r_[0, np.cumsum(counts)])
    flat = [row for rows in owners for row in rows]
    for place, column in enumerate(columns):
        writer.whole(f"{table}_{column}", np.array([row[place] for row in flat], dtype=np.float64))


def fill(writer: ReleaseWriter, users: list[str], items: list[str]) -> None:
    """Write a release in which the first user has a list and a history of the first items."""
    ordered_users, ordered_items = (
        sorted(names, key=lambda name: name.encode()) for names in (users, items)
    )
    nobody = [[] for _ in users]
    first = [[(0, 2.0), (1, 0.5)], *nobody[1:]]
    writer.texts("user_id", ordered_users)
    writer.texts("item_id", ordered_items)
    writer.texts("title", ["Cup", *("" for _ in items[1:])])
    writer.texts("category", ["kitchen", "living"])
    writer.texts("segment", ["all", "de"])
    count = len(items)
    writer.whole("item_has_title", np.arange(count) == 0)
    writer.whole("item_category", np.where(np.arange(count) % 2, 1, -1))
    writer.whole("item_is_available", np.ones(count))
    writer.whole("item_is_offered", np.ones(count))
    writer.whole("item_pinned_rank", np.full(count, -1))
    writer.whole("item_category_limit", np.full(count, -1))
    writer.whole("item_list_factor", np.ones(count))
    writer.whole("item_features", np.ones((count, 2)))
    writer.whole("user_segment", np.r_[1, np.full(len(users) - 1, -1)])
    writer.whole("user_features", np.ones((len(users), 1)))
    lists = [[(2, 0.25, 0, 0, 7), (3, np.nan, 1, -1, -1)], *nobody[1:]]
    columns = ("item", "score", "source", "evidence", "evidence_count")
    write_rows(writer, "list", lists, *columns)
    write_rows(writer, "pool", nobody, *columns[:4])
    neighbours = [[(1, 0.5, 0, 12)], *([] for _ in items[1:])]
    write_rows(writer, "neighbour", neighbours, "item", "score", "source", "support")
    popular = [[(3, 9.0, 4), (0, 8.0, -1)], [(1, 2.0, 1)]]
    write_rows(writer, "popular", popular, "item", "score", "user_count")
    write_rows(writer, "history", first, "item", "weight")
    write_rows(writer, "excluded", first, "item")
    factors = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 2.0]], dtype=np.float32)
    writer.whole("factor_item", np.array([0, 1, 3]))
    writer.whole("item_factor_row", np.r_[0, 1, -1, 2, np.full(count - 4, -1)])
    writer.whole("item_factors", factors)
    writer.whole("gram", factors.astype(np.float64).T @ factors)
    for name in ("node_feature", "node_threshold", "node_is_missing_left", "node_left"):
        writer.whole(name, np.empty(0))
    for name in ("node_right", "node_value", "calibration_raw_scores"):
        writer.whole(name, np.empty(0))
    writer.whole("calibration_probabilities", np.empty(0))
    writer.whole("tree_starts", np.zeros(1))
    for name in ("judged_user", "judged_value", "judged_baseline"):
        writer.whole(name, np.empty(0))
    writer.json("ranker.json", None)
    view = {"role": "view", "weight": 1.0, "half_life_days": 30.0, "daily_cap": None}
    writer.json("event_types.json", {"view": view})


TOLD = {
    "created_at": "2026-03-01T00:00:00",
    "sources": ["covisitation", "popular"],
    "als": {
        "params": {
            "factors": 2,
            "unobserved_weight": 0.5,
            "regularization": 1.0,
            "frequency_exponent": 0.0,
            "start_scale": 0.1,
            "iterations": 1,
            "seed": 0,
        },
        "mean_user_size": 2.0,
    },
}
