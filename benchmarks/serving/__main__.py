"""The command `python -m benchmarks.serving`."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.serving.lookup import ANSWERED, FEAST_USERS, lookups
from benchmarks.serving.memory import memory as memory_of
from benchmarks.serving.refreshing import refreshed
from benchmarks.serving.release import RELEASE, item_id, make_release, user_id
from benchmarks.serving.servers import Load, get, load, post, running, serve_feast, serve_topshelf
from feature_repo.recent_events import RecentEvent
from feature_repo.recent_sqlite import SqliteRecentEvents

PORT = 8290
CLIENTS = 16
# The list that topshelf answers with, and what is the least work for Feast.
FEAST_LISTS = {
    "the same list": [f"answers:{name}" for name in ANSWERED],
    "ids and scores as one text": ["lists:items"],
}

app = typer.Typer(add_completion=False, rich_markup_mode=None)
Folder = Annotated[Path, typer.Option(help="What is made here is used again.")]
Users = Annotated[int, typer.Option(min=1000)]
Items = Annotated[int, typer.Option(min=100)]
Seconds = Annotated[float, typer.Option(min=0.5, help="Of each load.")]
PLACE = Path("data/benchmarks/serving")


@app.command()
def lookup(
    users: Users = 1_000_000,
    items: Items = 100_000,
    redis: Annotated[str, typer.Option(help="A Redis server, redis://…")] = "",
    folder: Folder = PLACE,
) -> None:
    """Look lists up in process: from the release, from DuckDB, from Feast's online store."""
    _show("lookup of one user's list", lookups(folder / f"{users}", users, items, redis))


@app.command()
def http(
    users: Users = 1_000_000,
    items: Items = 100_000,
    seconds: Seconds = 8.0,
    folder: Folder = PLACE,
) -> None:
    """Ask one process over HTTP, with and without recent events, and Feast's feature server."""
    home = folder / f"{users}"
    make_release(home / "releases", users, items)
    _make_live(home)
    active = 1000
    _make_active(home, active, items)
    rows: list[dict[str, object]] = []
    paths = {
        "topshelf, published list": lambda n: get(_path(active + n * 7919 % (users - active))),
        "topshelf, folded in": lambda n: get(_path(n % active)),
    }
    with running(serve_topshelf, str(home), PORT, ready=f"http://127.0.0.1:{PORT}/readyz"):
        for name, request in paths.items():
            load(PORT, request, 1, 4)
            peak = load(PORT, request, seconds, CLIENTS)
            half = load(PORT, request, seconds, CLIENTS, peak.per_second / 2)
            # A connection for each request of a second: who waits does not hold the next one up.
            twice = round(peak.per_second * 2)
            over = load(PORT, request, seconds, twice, twice)
            for what, one in (("peak", peak), ("half the peak", half), ("twice the peak", over)):
                rows.append(_row(name, what, one))
    feast = home / "SQLite"
    if (feast / "online.db").exists():
        with running(
            serve_feast, str(feast), PORT + 1, ready=f"http://127.0.0.1:{PORT + 1}/health"
        ):
            for what, features in FEAST_LISTS.items():
                request = partial(_feast_request, features)
                load(PORT + 1, request, 1, 4)
                asked = load(PORT + 1, request, seconds, CLIENTS)
                rows.append(_row(f"Feast's feature server, {what}", "peak", asked))
        for row in rows:
            # The first of Feast's rows has the list that topshelf answers with.
            same = float(str(rows[-len(FEAST_LISTS)]["per_second"]))
            row["times_feast"] = round(float(str(row["per_second"])) / same, 1)
    else:
        Console(stderr=True).print("run `lookup` first to see Feast's feature server too")
    _show("one process, load generator on the same machine", rows)


@app.command()
def click(
    users: Users = 1_000_000,
    items: Items = 100_000,
    active: Annotated[int, typer.Option(min=10, help="Users with recent events.")] = 10_000,
    clicks: Annotated[int, typer.Option(min=10)] = 1000,
    beside: Annotated[
        float, typer.Option(min=0, help="Lists that active users ask for meanwhile, a second.")
    ] = 20,
    folder: Folder = PLACE,
) -> None:
    """Time from sending a click until a list without the clicked item has arrived."""
    home = folder / f"{users}"
    make_release(home / "releases", users, items)
    _make_live(home)
    _make_active(home, active, items)
    taken = []
    with (
        running(serve_topshelf, str(home), PORT, ready=f"http://127.0.0.1:{PORT}/readyz"),
        _asked_beside(active, beside) as loads,
    ):
        for number in np.random.default_rng(2).integers(0, active, clicks).tolist():
            clicked = _items(number)[0]
            start = time.perf_counter()
            sent = {"user_id": user_id(number), "item_id": clicked, "event_type": "view"}
            _ask("/v1/events", json.dumps(sent).encode())
            while clicked in _items(number):
                pass
            taken.append((time.perf_counter() - start) * 1000)
    p50, p95, p99 = np.percentile(taken, [50, 95, 99]).round(1).tolist()
    row = {"active_users": active, "clicks": clicks, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99}
    others = {
        "lists_beside": sum(len(one.milliseconds) for one in loads),
        "refused_beside": sum(one.refused for one in loads),
        "failed_beside": sum(one.failed for one in loads),
    }
    _show("click to changed list", [row | others])


@app.command()
def refresh(
    users: Annotated[list[int], typer.Option(min=1000, help="A size of the history.")] = [  # noqa: B006
        10_000,
        200_000,
    ],
    items: Items = 10_000,
    events: Annotated[int, typer.Option(min=10, help="New ones, of as many users.")] = 200,
    folder: Folder = PLACE,
) -> None:
    """Make lists and features of users with new events, beside histories of several sizes."""
    rows = [refreshed(folder / f"refresh-{count}", count, items, events) for count in users]
    _show("one micro-batch", rows)


@app.command()
def memory(
    release: Annotated[Path, typer.Argument(help="Folder of a release.")] = (
        PLACE / "1000000" / "releases" / RELEASE
    ),
) -> None:
    """Bytes that a release takes for one user and one item, and megabytes for a million."""
    _show(str(release.name), memory_of(release))


def _row(way: str, what: str, one: Load) -> dict[str, object]:
    told = {"way": way, "load": what, "per_second": round(one.per_second)}
    return {**told, **one.percentiles(), "refused": one.refused, "failed": one.failed}


@contextmanager
def _asked_beside(active: int, per_second: float) -> Iterator[list[Load]]:
    """Ask for lists of active users, from another thread, until the `with` block ends."""
    loads: list[Load] = []
    ends = threading.Event()

    def ask() -> None:
        while per_second and not ends.is_set():
            loads.append(load(PORT, lambda n: get(_path(n % active)), 1, CLIENTS, per_second))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield loads
    finally:
        ends.set()
        thread.join()


def _path(number: int) -> str:
    return f"/v1/recommendations/{user_id(number)}?n=20"


def _feast_request(features: list[str], number: int) -> bytes:
    entities = {"user_id": [user_id(number * 7919 % FEAST_USERS)]}
    return post("/get-online-features", {"features": features, "entities": entities})


def _items(number: int) -> list[str]:
    return [item["item_id"] for item in json.loads(_ask(_path(number)))["items"]]


def _ask(path: str, body: bytes | None = None) -> bytes:
    headers = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def _make_live(home: Path) -> None:
    nothing = {"canary": None, "shadow": None, "previous": None}
    told = {"format_version": 1, "version": 1, "live": RELEASE, **nothing}
    (home / "releases" / "aliases.json").write_text(json.dumps(told), encoding="utf-8")


def _make_active(home: Path, count: int, items: int) -> None:
    """Give some users a recent event; whatever an earlier run gave others is forgotten."""
    for file in home.glob("recent.db*"):
        file.unlink()
    store, now = SqliteRecentEvents(home / "recent.db", 60), time.time()
    for number in range(count):
        event = RecentEvent(now, now, f"e{number}", item_id(number % items), "view")
        store.add({user_id(number): [event]})
    store.close()


def _show(title: str, rows: list[dict[str, object]]) -> None:
    table = Table(title=title)
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(
            *(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values())
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    app()
