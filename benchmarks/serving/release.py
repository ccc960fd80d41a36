"""A release of any size, filled by chance: speed does not depend on what is recommended."""

from pathlib import Path

import numpy as np

from orchestration.releases.writing import ReleaseWriter, writing_release
from serving.bundle_arrays import ARRAYS, MATRICES

PER_USER, HISTORY, NEIGHBOURS, FACTORS = 20, 20, 20, 64
TREES, FEATURES = 150, 70
RELEASE = "benchmark"
CUTOFF = "2026-03-01 00:00:00"


def user_id(number: int) -> str:
    """Return the id of a user."""
    return f"u{number:08}"


def item_id(number: int) -> str:
    """Return the id of an item."""
    return f"i{number:08}"


def make_release(releases: Path, users: int, items: int, seed: int = 0) -> Path:
    """Write a release, or return the one of a former call.

    Parameters
    ----------
    releases : Path
        Folder of the releases.
    users, items : int
        How many; items >= 100.
    seed : int
        Of what is drawn.
    """
    folder = releases / RELEASE
    if folder.exists():
        return folder
    random = np.random.default_rng(seed)
    releases.mkdir(parents=True, exist_ok=True)
    with writing_release(releases, RELEASE) as writer:
        known = _Known(writer)
        known.ids("user_id", "u", users)
        known.ids("item_id", "i", items)
        _lists(known, random, users, items)
        _items(known, random, items)
        _ranker(known, random)
        known.rest()
        view = {"role": "view", "weight": 1.0, "half_life_days": 30.0, "daily_cap": None}
        writer.json("event_types.json", {"view": view})
        writer.finish(_told())
    return folder


class _Known:
    """A writer that knows what is still missing."""

    def __init__(self, writer: ReleaseWriter) -> None:
        self.writer = writer
        self._names: set[str] = set()

    def whole(self, name: str, values: np.ndarray) -> None:
        self._names.add(name)
        self.writer.whole(name, values)

    def ids(self, name: str, letter: str, count: int) -> None:
        digits = np.char.zfill(np.arange(count).astype("S8"), 8)
        text = np.char.add(letter.encode(), digits)
        self.whole(f"{name}_text", np.frombuffer(text.tobytes(), dtype=np.uint8))
        self.whole(f"{name}_starts", np.arange(count + 1) * 9)

    def rest(self) -> None:
        for name in sorted(set(ARRAYS) - self._names):
            empty = np.empty((0, 0)) if name in MATRICES else np.empty(0)
            self.writer.whole(name, empty)


def _lists(known: _Known, random: np.random.Generator, users: int, items: int) -> None:
    for table, length in (("list", PER_USER), ("history", HISTORY), ("excluded", HISTORY)):
        # Steps of chance from a start of chance: no item twice, and ascending.
        starts = random.integers(0, items, users, dtype=np.int32)[:, None]
        steps = np.arange(length, dtype=np.int32) * (items // length)
        drawn = (starts + steps) % items
        known.whole(f"{table}_item", np.sort(drawn, axis=1).ravel())
        known.whole(f"{table}_starts", np.arange(users + 1) * length)
    count = users * PER_USER
    falling = np.linspace(0.2, 0.01, PER_USER, dtype=np.float32)
    known.whole("list_score", np.tile(falling, users))
    known.whole("list_source", np.zeros(count, dtype=np.uint8))
    known.whole("list_evidence", random.integers(0, items, count, dtype=np.int32))
    known.whole("list_evidence_count", np.full(count, 3, dtype=np.int32))
    known.whole("history_weight", np.ones(users * HISTORY, dtype=np.float32))
    known.whole("pool_starts", np.zeros(users + 1))
    known.whole("user_segment", np.full(users, -1))
    known.whole("user_features", np.ones((users, 0)))


def _items(known: _Known, random: np.random.Generator, items: int) -> None:
    known.writer.texts("segment", ["all"])
    known._names |= {"segment_text", "segment_starts"}
    known.whole("item_category", np.full(items, -1))
    known.whole("item_has_title", np.zeros(items))
    known.whole("title_starts", np.zeros(items + 1))
    known.whole("category_starts", np.zeros(1))
    known.whole("item_is_available", np.ones(items))
    known.whole("item_is_offered", np.ones(items))
    known.whole("item_pinned_rank", np.full(items, -1))
    known.whole("item_category_limit", np.full(items, -1))
    known.whole("item_list_factor", np.ones(items))
    known.whole("item_features", random.random((items, FEATURES - 2)))
    factors = random.normal(0, 0.1, (items, FACTORS)).astype(np.float32)
    known.whole("item_factors", factors)
    known.whole("gram", factors.astype(np.float64).T @ factors)
    known.whole("factor_item", np.arange(items))
    known.whole("item_factor_row", np.arange(items))
    count = items * NEIGHBOURS
    steps = np.arange(1, NEIGHBOURS + 1)
    known.whole("neighbour_item", ((np.arange(items)[:, None] + steps) % items).ravel())
    known.whole("neighbour_score", np.tile(1.0 / steps, items))
    known.whole("neighbour_source", np.ones(count))
    known.whole("neighbour_support", np.full(count, 5))
    known.whole("neighbour_starts", np.arange(items + 1) * NEIGHBOURS)
    popular = min(items, 1000)
    known.whole("popular_item", np.arange(popular))
    known.whole("popular_score", np.arange(popular, 0, -1))
    known.whole("popular_user_count", np.full(popular, 7))
    known.whole("popular_starts", np.array([0, popular]))


def _ranker(known: _Known, random: np.random.Generator) -> None:
    """Write complete trees of 15 splits, as large as the product's."""
    inner, nodes = 15, 31
    places = np.tile(np.arange(nodes), TREES)
    offsets = np.repeat(np.arange(TREES) * nodes, nodes)
    is_inner = places < inner
    drawn = random.integers(0, FEATURES, places.size)
    known.whole("tree_starts", np.arange(TREES + 1) * nodes)
    known.whole("node_feature", np.where(is_inner, drawn, -1))
    known.whole("node_threshold", random.random(places.size))
    known.whole("node_is_missing_left", np.zeros(places.size))
    known.whole("node_left", np.where(is_inner, offsets + 2 * places + 1, -1))
    known.whole("node_right", np.where(is_inner, offsets + 2 * places + 2, -1))
    known.whole("node_value", random.normal(0, 0.05, places.size))
    told = {
        "base_score": -3.0,
        "calibration_method": "sigmoid",
        "calibration_slope": 1.0,
        "calibration_intercept": 0.0,
        "features": ["als_score", "covisited_score", *_item_features()],
    }
    known.writer.json("ranker.json", told)


def _item_features() -> list[str]:
    return [f"item_activity__{number}" for number in range(FEATURES - 2)]


def _told() -> dict[str, object]:
    params = {
        "factors": FACTORS,
        "unobserved_weight": 0.25,
        "regularization": 8.0,
        "frequency_exponent": 0.0,
        "start_scale": 0.1,
        "iterations": 1,
        "seed": 0,
    }
    return {
        "release_id": RELEASE,
        "created_at": CUTOFF,
        "generated_at": CUTOFF,
        "mapping": "benchmark",
        "lists": {"per_user": PER_USER, "repeats": False},
        "sources": ["als", "covisitation"],
        "als": {"params": params, "mean_user_size": 30.0},
        "item_features": _item_features(),
        "user_features": [],
    }
