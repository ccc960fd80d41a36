"""One user's list: from the release, from DuckDB, from Feast's online store."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pandas as pd

from benchmarks.serving.release import PER_USER, make_release, user_id
from serving.bundle import Bundle
from serving.entries import Entry, personal_entries, rows_of
from serving.written import written_items

LOOKUPS = 20_000
SLOW_LOOKUPS = 500
# Feast takes some thousand entities a second; its lookups do not slow down with more.
FEAST_USERS = 20_000
FEAST_BATCH = 1_000
# What an item of an answer tells.
ANSWERED = ("item_id", "rank", "score", "source", "reason", "evidence")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def lookups(folder: Path, users: int, items: int, redis_url: str) -> list[dict[str, object]]:
    """Measure each way to look a list up, on the same machine in the same minutes.

    Parameters
    ----------
    folder : Path
        For the release and the stores.
    users, items : int
        Of the release.
    redis_url : str
        A Redis server; empty leaves it out.

    Returns
    -------
    list of dict
        A row per way: microseconds at p50 and p99, and the p50 as a multiple of the release's.
    """
    before = _memory_bytes()
    bundle = Bundle.open(make_release(folder / "releases", users, items))
    random = np.random.default_rng(1)
    numbers = random.integers(0, users, LOOKUPS)
    ids = [user_id(number) for number in numbers.tolist()]
    rows = [_timed("release, in process", users, lambda one: _from_release(bundle, one), ids)]
    grown = _memory_bytes() - before
    size = sum(path.stat().st_size for path in bundle.folder.iterdir())
    table = _duckdb(folder / "lists.duckdb", bundle)
    query = "select item_id, score from lists where user_number = ? order by rank"
    some = numbers[:SLOW_LOOKUPS].tolist()
    rows.append(
        _timed(
            "DuckDB, point query", users, lambda one: table.execute(query, [one]).fetchall(), some
        )
    )
    table.close()
    for name, url in (("Feast, SQLite", ""), ("Feast, Redis", redis_url)):
        if name == "Feast, SQLite" or url:
            ask = _feast(folder / name[-6:].strip(), url, bundle)
            known = [user_id(number) for number in random.integers(0, FEAST_USERS, SLOW_LOOKUPS)]
            rows.append(_timed(name, FEAST_USERS, ask, known))
    for row in rows:
        row["times_release"] = round(float(str(row["p50_us"])) / float(str(rows[0]["p50_us"])), 1)
    megabytes = f"{grown / 2**20:.0f} MB resident of {size / 2**20:.0f} MB on file"
    print(f"{users:,} users, {items:,} items: {megabytes}")  # noqa: T201
    return rows


def _from_release(bundle: Bundle, one: str) -> list[tuple[str, float | None]]:
    return [(bundle.item_ids[entry.item], entry.score) for entry in _entries(bundle, one)]


def _timed(
    name: str, users: int, ask: Callable[..., object], keys: Sequence[object]
) -> dict[str, object]:
    """Ask for each key once, after some to warm up."""
    for key in keys[:50]:
        ask(key)
    taken = []
    for key in keys:
        start = time.perf_counter()
        ask(key)
        taken.append(time.perf_counter() - start)
    p50, p99 = np.percentile(taken, [50, 99]) * 1e6
    return {"way": name, "users": users, "p50_us": round(p50, 1), "p99_us": round(p99, 1)}


def _duckdb(path: Path, bundle: Bundle) -> duckdb.DuckDBPyConnection:
    """Write the lists as a table, sorted by user, as the published snapshot has them."""
    if not path.exists():
        count = bundle.user_count
        items, scores = bundle.arrays["list_item"], bundle.arrays["list_score"]
        frame = pd.DataFrame(
            {
                "user_number": np.repeat(np.arange(count), PER_USER),
                "rank": np.tile(np.arange(1, PER_USER + 1), count),
                "item_id": items,
                "score": scores,
            }
        )
        with duckdb.connect(str(path)) as writing:
            writing.register("frame", frame)
            writing.execute("create table lists as from frame")
    return duckdb.connect(str(path), read_only=True)


def _feast(folder: Path, url: str, bundle: Bundle) -> Callable[[str], object]:
    """Fill Feast's own online store with lists, and return how to ask it for ids and scores.

    It has them twice: ids and scores as one text, which is the least work for it, and whole items
    as topshelf answers with them, an array a field, for its feature server.
    """
    from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
    from feast.types import Array, Float64, Int64, String

    folder.mkdir(parents=True, exist_ok=True)
    address = url.removeprefix("redis://").split("/")[0]
    stores = {"type": "redis", "connection_string": address}
    files = {"type": "sqlite", "path": str(folder / "online.db")}
    config = RepoConfig(
        project="benchmark",
        provider="local",
        registry=str(folder / "registry.db"),
        online_store=stores if url else files,
        offline_store={"type": "duckdb"},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(repo_path=str(folder), config=config)
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
    source = FileSource(path=str(folder / "lists.parquet"), timestamp_field="feature_at")
    types = {"rank": Int64, "score": Float64}
    views = [
        FeatureView(
            name=name,
            entities=[user],
            source=source,
            schema=[Field(name="user_id", dtype=String), *fields],
        )
        for name, fields in (
            ("lists", [Field(name="items", dtype=String)]),
            (
                "answers",
                [Field(name=name, dtype=Array(types.get(name, String))) for name in ANSWERED],
            ),
        )
    ]
    store.apply([user, *views])
    for start in range(0, FEAST_USERS, FEAST_BATCH):
        known = [user_id(number) for number in range(start, start + FEAST_BATCH)]
        answers = [_answered(bundle, one) for one in known]
        texts = [json.dumps([[item["item_id"], item["score"]] for item in one]) for one in answers]
        keys = {"user_id": known, "feature_at": NOW}
        store.write_to_online_store("lists", pd.DataFrame({**keys, "items": texts}))
        columns = {name: [[item[name] for item in one] for one in answers] for name in ANSWERED}
        store.write_to_online_store("answers", pd.DataFrame({**keys, **columns}))
    return lambda one: store.get_online_features(["lists:items"], [{"user_id": one}]).to_dict()


def _answered(bundle: Bundle, one: str) -> list[dict[str, Any]]:
    """Return the items of the answer to a user without recent events."""
    rows = rows_of(bundle, _entries(bundle, one))
    items: list[dict[str, Any]] = orjson.loads(written_items(bundle, rows, 0).items)
    return items


def _entries(bundle: Bundle, one: str) -> Sequence[Entry]:
    row = bundle.user_row(one)
    return [] if row is None else personal_entries(bundle, row)


def _memory_bytes() -> int:
    """Resident memory of this process, with what is mapped from files."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096
