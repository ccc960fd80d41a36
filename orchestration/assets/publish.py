"""The published snapshot: the file that everybody reads."""

import dagster as dg

from orchestration.resources import MappedLog, Warehouse
from orchestration.snapshot import write_snapshot


@dg.asset(
    key=["published", "snapshot"],
    deps=[
        ["serving", "rec_user_top_items"],
        ["serving", "rec_item_neighbours"],
        ["serving", "rec_popular_items"],
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
    counts = write_snapshot(places.warehouse, places.snapshot, log.settings().project_root)
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(places.snapshot), **counts})
