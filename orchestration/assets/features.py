"""Features on their way from the warehouse to the feature store."""

from collections.abc import Iterator

import dagster as dg

from feature_repo.store import materialize
from orchestration.files import replacing
from orchestration.resources import Features, MappedLog, Warehouse
from orchestration.retries import SERVER_RETRIES

FEATURE_TABLES = (
    "ftr_item_activity",
    "ftr_user_activity",
    "ftr_user_category_activity",
    "ftr_user_item_activity",
    "ftr_user_taste",
)
FILES = [dg.AssetKey(["feature_files", table]) for table in FEATURE_TABLES]
SERVE_CUTOFF = "select cutoff_at from intermediate.int_cutoffs where role = 'serve'"


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["feature_files", table],
            deps=[["features", table]],
            description=f"features.{table} as a Parquet file, which Feast reads.",
            kinds={"parquet"},
        )
        for table in FEATURE_TABLES
    ],
    group_name="feature_store",
    pool="warehouse",
)
def feature_files(log: MappedLog, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Export the feature tables."""
    folder = log.places().features
    with warehouse.connect() as connection:
        for table in FEATURE_TABLES:
            with replacing(folder / f"{table}.parquet") as path:
                copied = connection.execute(
                    f"copy features.{table} to ? (format parquet)", [str(path)]
                ).fetchone()
            yield dg.MaterializeResult(
                asset_key=["feature_files", table],
                metadata={
                    "dagster/row_count": copied[0] if copied else 0,
                    "path": dg.MetadataValue.path(folder / f"{table}.parquet"),
                },
            )


@dg.asset(
    key=["feature_store", "registry"],
    deps=FILES,
    group_name="feature_store",
    kinds={"feast"},
)
def feature_registry(features: Features) -> dg.MaterializeResult:
    """Tell Feast the entities, views and services that `feature_repo` defines."""
    store = features.apply()
    views = [view.name for view in store.list_feature_views()]
    services = [service.name for service in store.list_feature_services()]
    return dg.MaterializeResult(metadata={"views": sorted(views), "services": sorted(services)})


@dg.asset(
    key=["feature_store", "online"],
    deps=[["feature_store", "registry"]],
    group_name="feature_store",
    kinds={"feast", "sqlite"},
    pool="warehouse",
    retry_policy=SERVER_RETRIES,
)
def online_features(features: Features, warehouse: Warehouse) -> dg.MaterializeResult:
    """Copy the features of the serving moment to the online store, for lookups one by one."""
    moments = warehouse.read(SERVE_CUTOFF)["cutoff_at"].dropna()
    rows = [materialize(features.open(), moment.to_pydatetime()) for moment in moments]
    return dg.MaterializeResult(
        metadata={
            "feature_at": [str(moment) for moment in moments],
            "dagster/row_count": sum(sum(counts.values()) for counts in rows),
        }
    )
