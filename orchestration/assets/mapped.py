"""The mapped log: where the lineage begins."""

from collections.abc import Iterator

import dagster as dg
import duckdb

from orchestration.mapping import Mapping, MappingReport, check_mapping, needs_warehouse
from orchestration.resources import MappedLog, Warehouse

RELATIONS = {
    "events": "One row per delivered event, as mapped; rows may repeat and may be dirty.",
    "items": "The catalogue; no rows when none is mapped.",
    "users": "The table of users; no rows when none is mapped.",
    "impressions": "One row per item shown in a list; no rows when none are mapped.",
    "assignments": "One row per user and arm of an experiment; no rows when none are mapped.",
    "experiments": "One row per planned experiment; no rows when none are mapped.",
}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(["mapped", name], description=description, kinds={"table"})
        for name, description in RELATIONS.items()
    ],
    group_name="mapped",
    pool="warehouse",
)
def mapped_log(
    context: dg.AssetExecutionContext, log: MappedLog, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Check that the mapping fits the log, and count its rows."""
    mapping, reviewed = log.read(), log.reviewed()
    log.places().make_folders()
    report = _check(mapping, log, warehouse)
    for warning in report.warnings:
        context.log.warning(warning)
    for name in RELATIONS:
        source = getattr(mapping, name)
        yield dg.MaterializeResult(
            asset_key=["mapped", name],
            metadata={
                "dagster/row_count": report.row_counts.get(name, 0),
                "relation": source.relation if source else "not mapped",
                "warnings": "\n".join(report.warnings),
                "settings_file": str(reviewed.file or "none, all settings are the defaults"),
                "settings": reviewed.changes(),
            },
        )


def _check(mapping: Mapping, log: MappedLog, warehouse: Warehouse) -> MappingReport:
    """Compare the mapping with its sources; without a warehouse yet, no table is one of its."""
    root = log.settings().project_root
    if needs_warehouse(mapping, root) and log.places().warehouse.is_file():
        with warehouse.connect() as connection:
            return check_mapping(mapping, connection, root)
    with duckdb.connect() as connection:
        return check_mapping(mapping, connection, root)
