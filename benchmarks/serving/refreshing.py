"""What a micro-batch costs, beside histories of several sizes."""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.serving.release import item_id, make_release, user_id
from feature_repo.recent_sqlite import SqliteRecentEvents
from orchestration.refreshing.batch import next_batch
from orchestration.refreshing.progress import Progress
from orchestration.refreshing.tables import upsert
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT
from serving.bundle import Bundle
from serving.contracts import Event
from serving.events import landing_row
from serving.landing import LandingLog

HISTORY = 20
ROUNDS = 5


def refreshed(home: Path, users: int, items: int, events: int) -> dict[str, object]:
    """Land events of as many users, and time the batches that make their rows.

    Parameters
    ----------
    home : Path
        Folder; releases in it are used again.
    users, items : int
        Of the release. The log of events in the warehouse has 20 rows a user.
    events : int
        New ones of a batch.

    Returns
    -------
    dict
        One row: sizes, and seconds of the fastest of five batches, without the start of Dagster
        and Feast, which is the same for all.
    """
    bundle = Bundle.open(make_release(home / "releases", users, items))
    place = home / "refreshing"
    shutil.rmtree(place, ignore_errors=True)
    warehouse = _warehouse(place, users)
    log = LandingLog(place / "events")
    recent = SqliteRecentEvents(place / "recent.db", 60)
    progress, seconds = Progress(), []
    for number in range(ROUNDS):
        now = datetime.now(UTC)
        rows = [
            landing_row(
                Event(
                    user_id=user_id((place_ * 7919 + number) % users),
                    item_id=item_id(place_ % items),
                    event_type="view",
                ),
                now,
            )
            for place_ in range(events)
        ]
        log.append(rows).result(60)
        start = time.perf_counter()
        batch = next_batch(bundle, log.folder, recent, progress, list)
        upsert(warehouse, batch, place / "refreshed.parquet")
        seconds.append(time.perf_counter() - start)
        progress = batch.progress
    log.close()
    recent.close()
    return {
        "users": users,
        "events in history": users * HISTORY,
        "new events": events,
        "seconds": round(min(seconds), 2),
    }


def _warehouse(home: Path, users: int) -> Warehouse:
    """Make a warehouse with a history, and the tables of refreshed rows."""
    log = MappedLog(home=str(home), mapping="sample", project_root=str(PROJECT_ROOT))
    log.places().make_folders()
    macro = (PROJECT_ROOT / "macros" / "create_ml_tables.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(log.places().warehouse)) as connection:
        connection.execute("create schema ml")
        for table in ("refreshed_lists", "refreshed_activity"):
            start = macro.index(f"create table if not exists ml.{table}")
            connection.execute(macro[start : macro.index(";", start)])
        connection.execute(
            "create table history as select number // ? as user_id, number as item_id "
            "from range(?) as numbers (number)",
            [HISTORY, users * HISTORY],
        )
    return Warehouse(log=log)
