"""Rows of the users who did something since the last run, made again from the live release."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from feature_repo.upsert import upsert_features
from ml.schemas.refreshed import RefreshedActivity, RefreshedLists
from orchestration.refreshing.batch import BATCH_ROWS, Batch, next_batch
from orchestration.refreshing.progress import live_bundle, read_progress, write_progress
from orchestration.refreshing.tables import refreshed_users, upsert
from orchestration.resources import Features, MappedLog, Warehouse
from serving.activity import ACTIVITY, VIEW
from serving.application import open_recent_events
from serving.taste import cutoff_of

# The application gives up on a store sooner: a user waits for it, and nobody for this.
STORE_SECONDS = 10.0
LISTS_KEY, ACTIVITY_KEY = ["ml", "refreshed_lists"], ["ml", "refreshed_activity"]


class RefreshConfig(dg.Config):
    """How much one batch takes."""

    rows: int = BATCH_ROWS


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            LISTS_KEY,
            deps=[["published", "promotion"]],
            description="Lists of the users who did something since the last run.",
        ),
        dg.AssetSpec(
            ACTIVITY_KEY,
            deps=[["published", "promotion"]],
            description="What these users did until now.",
        ),
    ],
    group_name="refreshed",
    pool="warehouse",
)
def refreshed_rows(
    config: RefreshConfig, log: MappedLog, warehouse: Warehouse, features: Features
) -> Iterator[dg.MaterializeResult]:
    """Take new events from the landing log; upsert lists, features and the online store."""
    places = log.places()
    bundle = live_bundle(places.releases)
    if bundle is None:
        raise dg.Failure("nothing was ever made live; `topshelf run` makes a release")
    recent = open_recent_events(
        log.online_store, places.recent_events, f"topshelf_{log.read().name}", STORE_SECONDS
    )
    try:
        batch = next_batch(
            bundle,
            places.landing / "events",
            recent,
            read_progress(places.progress),
            lambda: refreshed_users(warehouse),
            config.rows,
        )
    finally:
        recent.close()
    # Before anybody sees them; the checks look at the tables afterwards.
    RefreshedLists.validate(batch.lists, lazy=True)
    RefreshedActivity.validate(batch.activity, lazy=True)
    published = upsert(warehouse, batch, places.refreshed)
    known, moment = online_rows(batch)
    cutoff = cutoff_of(bundle)
    upserted = upsert_features(features.open(), VIEW, known, moment, cutoff) if known else 0
    # Last: whatever was killed before this point is done again, with the same result.
    write_progress(places.progress, batch.progress)
    told: dict[str, str | int] = {
        "events": batch.event_count,
        "users": len(batch.users),
        "published_users": published,
        "release_id": bundle.release_id,
        "moment": batch.progress.moment,
    }
    yield dg.MaterializeResult(
        asset_key=LISTS_KEY, metadata={"dagster/row_count": len(batch.lists), **told}
    )
    yield dg.MaterializeResult(
        asset_key=ACTIVITY_KEY, metadata={"dagster/row_count": upserted, **told}
    )


def online_rows(batch: Batch) -> tuple[list[dict[str, Any]], datetime]:
    """Return the features of a batch as the online store takes them, and their moment."""
    rows = batch.activity[["user_id", *ACTIVITY]].astype(object)
    known = [
        dict(zip(rows.columns, values, strict=True))
        for values in rows.where(rows.notna(), None).itertuples(index=False)
    ]
    return known, datetime.fromisoformat(batch.progress.moment).astimezone(UTC)
