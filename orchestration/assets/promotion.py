"""The release of a run in the registry, and live if the gates let it."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.releases.aliases import holding_aliases, mend
from orchestration.releases.changes import AliasError
from orchestration.releases.keeping import catch_up, tell_shadows
from orchestration.releases.on_disk import note_builds, remove_old_releases
from orchestration.releases.promotion import (
    PromotionBlockedError,
    promote,
    was_anything_live,
)
from orchestration.releases.signature import Signature
from orchestration.resources import MappedLog, Warehouse
from orchestration.running_experiments import named_releases
from serving.bundle_files import BundleError, releases_on_disk


@dg.asset(
    key=["published", "promotion"],
    deps=[["published", "release"], ["tracking", "run"]],
    group_name="published",
    kinds={"mlflow"},
    pool="warehouse",
)
def promotion(
    context: dg.AssetExecutionContext, log: MappedLog, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Make the newest release live if its gates are passed, record it, remove old ones."""
    settings, places = log.settings(), log.places()
    releases = places.releases
    bounds = log.reviewed().gates
    signature = Signature(f"run {context.run.run_id[:8]}", "", datetime.now(UTC))
    note_builds(releases, signature.changed_by)
    release_id = releases_on_disk(releases)[0]
    outcome = "not asked for (TOPSHELF_PROMOTE=manual)"
    if settings.promotes_itself or not was_anything_live(releases):
        try:
            promote(releases, release_id, bounds, signature)
            outcome = "live"
        except PromotionBlockedError as error:
            # The release is kept, and what was live goes on answering.
            outcome = str(error)
            context.log.warning(outcome)
        except (AliasError, BundleError) as error:
            outcome = str(error)
            context.log.warning(outcome)
    served = named_releases(places.snapshot, datetime.now(UTC))
    removed = remove_old_releases(releases, settings.kept_releases, served)
    name = log.read().name
    warnings = catch_up(settings, name, warehouse, releases, bounds)
    warnings += tell_shadows(settings, name, warehouse, releases)
    for warning in warnings:
        context.log.warning(warning)
    with holding_aliases(releases):
        pointers = mend(releases)
    return dg.MaterializeResult(
        metadata={
            "release_id": release_id,
            "outcome": outcome,
            "live": str(pointers.live),
            "version": pointers.version,
            "removed": removed,
        }
    )
