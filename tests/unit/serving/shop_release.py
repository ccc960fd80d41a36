"""A release of an invented shop: factors that were really fitted, lists, neighbours, a ranker."""

from pathlib import Path

import numpy as np
import pandas as pd

from ml.als import AlsModel, AlsParams, fit_als
from ml.interactions import InteractionMatrix, build_interaction_matrix
from orchestration.releases.writing import ReleaseWriter, writing_release
from serving.bundle_arrays import ARRAYS, MATRICES
from tests.unit.serving.small_release import TOLD, write_rows

USERS, ITEMS, LENGTH, POOL = 30, 40, 8, 6
USER_IDS = [f"u{number:02}" for number in range(USERS)]
ITEM_IDS = [f"i{number:02}" for number in range(ITEMS)]
CATEGORIES = ["garden", "kitchen"]
SOURCES = ["als", "covisitation", "popular", "segment", "pinned"]
# Users that the release knows nothing of but the name, and one who has a list and no history.
BLANK_USERS = (28, 29)
PARAMS = AlsParams(factors=6, iterations=20, seed=3)
CUTOFF = "2026-03-01 00:00:00"
FEATURES = ["als_score", "covisited_score", "user_activity__days_since_last"]


def interactions() -> pd.DataFrame:
    """Who did how much with what: halves of the shop, with some noise."""
    random = np.random.default_rng(5)
    rows = [
        (USER_IDS[user], ITEM_IDS[item], float(random.integers(1, 6)))
        for user in range(USERS)
        if user not in BLANK_USERS
        for item in range(ITEMS)
        if random.random() < (0.35 if item % 2 == user % 2 else 0.05)
    ]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "weight"])


def fitted() -> tuple[InteractionMatrix, AlsModel]:
    """Fit the factors of the shop."""
    matrix = build_interaction_matrix(interactions())
    return matrix, fit_als(matrix, PARAMS)


def make_shop(releases: Path, release_id: str = "shop-1", **changed: object) -> Path:
    """Write the release.

    `changed` may be `repeats`, `has_ranker`, `pinned` (item to rank), `limits` (category to most),
    `unavailable` (items), and `activity` (feature of users to the value that all of them have).
    """
    matrix, model = fitted()
    columns = [ITEM_IDS.index(item_id) for item_id in matrix.item_ids]
    with writing_release(releases, release_id) as writer:
        written = Written(writer)
        _names(written)
        _items(written, columns, model, changed)
        _users(written, matrix, columns, model, changed)
        _ranker(written, bool(changed.get("has_ranker", True)))
        view = {"role": "view", "weight": 1.0, "half_life_days": 30.0, "daily_cap": 2}
        purchase = {"role": "positive", "weight": 5.0, "half_life_days": 90.0, "daily_cap": None}
        cart = {"role": "positive", "weight": 3.0, "half_life_days": 60.0, "daily_cap": None}
        dislike = {"role": "negative", "weight": 1.0, "half_life_days": 90.0, "daily_cap": None}
        ignored = {"role": "ignore", "weight": 0.0, "half_life_days": 1.0, "daily_cap": None}
        kinds = {
            "view": view,
            "cart": cart,
            "purchase": purchase,
            "dislike": dislike,
            "ping": ignored,
        }
        writer.json("event_types.json", kinds)
        params = {**TOLD["als"]["params"], **vars(PARAMS)}
        writer.finish(
            {
                **TOLD,
                "release_id": release_id,
                "generated_at": CUTOFF,
                "sources": SOURCES,
                "lists": {"per_user": LENGTH, "repeats": bool(changed.get("repeats"))},
                "als": {"params": params, "mean_user_size": model.mean_user_size},
                "item_features": [],
                "user_features": [f"user_activity__{name}" for name in _activity(changed)],
                # What the gates ask for, beside the lists.
                "log": {"age_hours": 1.0},
                "evaluation": None,
            }
        )
    return releases / release_id


def scribble(release: Path, *names: str) -> None:
    """Overwrite arrays of a release that is open: their numbers then lead nowhere."""
    for name in names:
        values = np.load(release / f"{name}.npy", mmap_mode="r+")
        values[:] = np.iinfo(values.dtype).max
        values.flush()


class Written:
    """A writer that fills in what a test does not care for."""

    def __init__(self, writer: ReleaseWriter) -> None:
        self.writer = writer
        self.names: set[str] = set()

    def whole(self, name: str, values: object) -> None:
        """Write an array."""
        self.names.add(name)
        self.writer.whole(name, np.asarray(values))

    def texts(self, name: str, texts: list[str]) -> None:
        """Write texts."""
        self.names |= {f"{name}_text", f"{name}_starts"}
        self.writer.texts(name, texts)

    def rows(self, table: str, owners: list[list[tuple]], *columns: str) -> None:
        """Write rows by owner."""
        self.names |= {f"{table}_starts", *(f"{table}_{column}" for column in columns)}
        write_rows(self.writer, table, owners, *columns)

    def rest(self) -> None:
        """Write what is still missing, without rows."""
        for name in sorted(set(ARRAYS) - self.names):
            self.writer.whole(name, np.empty((0, 0) if name in MATRICES else 0))


def _names(written: Written) -> None:
    written.texts("user_id", USER_IDS)
    written.texts("item_id", ITEM_IDS)
    written.texts("title", ["Spade", *("" for _ in ITEM_IDS[1:])])
    written.texts("category", CATEGORIES)
    written.texts("segment", ["all", "de"])


def _items(written: Written, columns: list[int], model: AlsModel, changed: dict) -> None:
    numbers = np.arange(ITEMS)
    offered = ~np.isin(ITEM_IDS, list(changed.get("unavailable", ())))
    pinned = changed.get("pinned", {})
    limits = [changed.get("limits", {}).get(name, -1) for name in CATEGORIES]
    written.whole("item_has_title", numbers == 0)
    written.whole("item_category", numbers % 2)
    written.whole("item_is_available", offered)
    written.whole("item_is_offered", offered)
    written.whole("item_pinned_rank", [pinned.get(item_id, -1) for item_id in ITEM_IDS])
    written.whole("item_category_limit", [limits[number % 2] for number in numbers])
    written.whole("item_list_factor", np.ones(ITEMS))
    written.whole("item_features", np.empty((ITEMS, 0)))
    rows = np.full(ITEMS, -1)
    rows[columns] = np.arange(len(columns))
    written.whole("factor_item", columns)
    written.whole("item_factor_row", rows)
    written.whole("item_factors", model.item_factors)
    factors = model.item_factors.astype(np.float64)
    written.whole("gram", factors.T @ factors)
    # Items of one half go together, the nearer the more.
    neighbours = [
        [
            (other, 1.0 / step, 1, 10 - step)
            for step in (1, 2, 3)
            if (other := item + 2 * step) < ITEMS
        ]
        for item in range(ITEMS)
    ]
    written.rows("neighbour", neighbours, "item", "score", "source", "support")
    popular = [(item, float(ITEMS - item), ITEMS - item) for item in range(ITEMS) if offered[item]]
    written.rows("popular", [popular, popular[5:15]], "item", "score", "user_count")


def _users(
    written: Written,
    matrix: InteractionMatrix,
    columns: list[int],
    model: AlsModel,
    changed: dict,
) -> None:
    offered = ~np.isin(ITEM_IDS, list(changed.get("unavailable", ())))
    pinned = [(ITEM_IDS.index(name), rank) for name, rank in changed.get("pinned", {}).items()]
    weights = matrix.weights.tocsr()
    lists, pools, histories, excluded = ([[] for _ in USER_IDS] for _ in range(4))
    for row, user_id in enumerate(matrix.user_ids):
        user = USER_IDS.index(user_id)
        own = weights[row]
        seen = {columns[column] for column in own.indices}
        histories[user] = sorted(
            (columns[column], float(weight))
            for column, weight in zip(own.indices, own.data, strict=True)
        )
        excluded[user] = [] if changed.get("repeats") else [(item,) for item in sorted(seen)]
        scores = model.item_factors @ model.user_factors[row]
        order = [columns[place] for place in np.argsort(-scores)]
        best = [i for i in order if i not in seen and offered[i] and i not in dict(pinned)]
        rows = [
            (item, 0.5 / (rank + 1), 0, histories[user][0][0], -1)
            for rank, item in enumerate(best[: LENGTH + POOL])
        ]
        for item, rank in [pin for pin in pinned if pin[0] not in seen]:
            rows.insert(rank - 1, (item, np.nan, 4, -1, -1))
        lists[user], pools[user] = rows[:LENGTH], [row[:4] for row in rows[LENGTH:]]
    columns_of_lists = ("item", "score", "source", "evidence", "evidence_count")
    written.rows("list", lists, *columns_of_lists)
    written.rows("pool", pools, *columns_of_lists[:4])
    written.rows("history", histories, "item", "weight")
    written.rows("excluded", excluded, "item")
    written.whole("user_segment", np.where(np.arange(USERS) == BLANK_USERS[0], 1, -1))
    written.whole("user_features", np.tile([*_activity(changed).values()], (USERS, 1)))


def _activity(changed: dict) -> dict[str, float]:
    return changed.get("activity", {"days_since_last": 3.0})


def _ranker(written: Written, has_ranker: bool) -> None:
    """Write two trees: one likes what goes with what was touched, one what fits."""
    nodes = {
        "node_feature": [1, -1, -1, 0, -1, -1],
        "node_threshold": [0.6, np.nan, np.nan, 0.3, np.nan, np.nan],
        "node_is_missing_left": [1, 0, 0, 1, 0, 0],
        "node_left": [1, -1, -1, 4, -1, -1],
        "node_right": [2, -1, -1, 5, -1, -1],
        "node_value": [0.0, -0.5, 1.5, 0.0, -0.2, 0.4],
    }
    for name, values in nodes.items():
        written.whole(name, np.array(values) if has_ranker else np.empty(0))
    written.whole("tree_starts", [0, 3, 6] if has_ranker else [0])
    written.rest()
    told = {
        "base_score": -2.0,
        "calibration_method": "sigmoid",
        "calibration_slope": 1.0,
        "calibration_intercept": 0.0,
        "features": FEATURES,
    }
    written.writer.json("ranker.json", told if has_ranker else None)
