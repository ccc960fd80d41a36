"""What is published: the snapshot that SQL reads, and the release that is answered from."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.assets.tracking import used_settings
from orchestration.refreshing.tables import ensure_published
from orchestration.releases.build import build_release
from orchestration.report.tables import READ as REPORTED
from orchestration.resources import MappedLog, Warehouse
from orchestration.snapshot import write_snapshot


@dg.asset(
    key=["published", "snapshot"],
    deps=[
        ["serving", "rec_user_top_items"],
        ["serving", "rec_item_neighbours"],
        ["serving", "rec_popular_items"],
        ["serving", "rec_trending_items"],
        ["serving", "rec_user_segments"],
        ["serving", "rec_release"],
        ["evaluation", "evl_metrics"],
        ["evaluation", "evl_metric_intervals"],
        ["evaluation", "evl_list_quality"],
        ["evaluation", "evl_list_costs"],
        ["staging", "stg_catalog__items"],
        ["ml", "ranker_choices"],
        ["ml", "ranker_metrics"],
        ["ml", "ranker_importances"],
        ["ml", "rankers"],
        ["ml", "ranker_trees"],
        ["ml", "ranker_encodings"],
        ["ml", "ranker_explanations"],
        ["ml", "contributions"],
        ["ranking", "rnk_frame"],
        ["experiments", "exp_holdout"],
        *(["experiments", name] for name in REPORTED),
        ["mapped", "events"],
        # Lists are published last, when nothing else of the release can fail.
        ["feature_store", "online"],
    ],
    group_name="published",
    kinds={"duckdb"},
    pool="warehouse",
)
def snapshot(log: MappedLog, warehouse: Warehouse) -> dg.MaterializeResult:
    """Publish the served tables and the lookups as one file, put in place in one step."""
    places = log.places()
    with warehouse.connect():
        pass  # Waits until nobody writes.
    ensure_published(places.refreshed)
    counts = write_snapshot(
        places.warehouse, places.snapshot, log.settings().project_root, places.refreshed
    )
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(places.snapshot), **counts})


@dg.asset(
    key=["published", "release"],
    deps=[
        ["published", "snapshot"],
        ["serving", "rec_user_top_items"],
        ["serving", "rec_item_neighbours"],
        ["serving", "rec_popular_items"],
        ["serving", "rec_user_segments"],
        ["serving", "rec_release"],
        ["serving", "srv_users"],
        ["serving", "srv_items"],
        ["serving", "srv_user_pools"],
        ["serving", "srv_user_excluded_items"],
        ["training", "trn_user_item_weights"],
        ["features", "ftr_item_activity"],
        ["features", "ftr_user_activity"],
        ["features", "ftr_user_taste"],
        ["candidates", "cnd_popular_items"],
        ["evaluation", "evl_metric_intervals"],
        ["monitoring", "mon_log_freshness"],
        ["staging", "stg_catalog__items"],
        ["staging", "stg_catalog__users"],
        ["staging", "stg_events__deliveries"],
        ["staging", "stg_impressions__shown"],
        ["ml", "user_metrics"],
        ["ml", "factors"],
        ["ml", "factorisations"],
        ["ml", "rankers"],
        ["ml", "ranker_trees"],
        ["ml", "ranker_encodings"],
        ["seeds", "event_types"],
        ["intermediate", "int_interactions"],
    ],
    group_name="published",
    kinds={"numpy"},
    pool="warehouse",
)
def release(
    context: dg.AssetExecutionContext, log: MappedLog, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Write the release that the online application can answer from; it never changes again."""
    settings, places = log.settings(), log.places()
    used = used_settings(log.reviewed(), context.run.run_config)
    with warehouse.connect() as connection:
        folder = build_release(
            connection,
            places.releases,
            log.read(),
            used,
            settings.project_root,
            datetime.now(UTC),
        )
    size = sum(file.stat().st_size for file in folder.iterdir())
    return dg.MaterializeResult(
        metadata={
            "release_id": folder.name,
            "path": dg.MetadataValue.path(folder),
            "megabytes": round(size / 1e6, 1),
        }
    )
