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
        ["ml", "metric_intervals"],
        ["ml", "ranker_metrics"],
        ["ml", "ranker_importances"],
        ["mapped", "events"],
    ],
    group_name="published",
    kinds={"duckdb"},
    pool="warehouse",
)
def snapshot(log: MappedLog, warehouse: Warehouse) -> dg.MaterializeResult:
    """One file with the served tables and the lookups, put in place in one step."""
    places = log.places()
    with warehouse.connect():
        pass  # Waits until nobody writes.
    counts = write_snapshot(places.warehouse, places.snapshot)
    return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(places.snapshot), **counts})
