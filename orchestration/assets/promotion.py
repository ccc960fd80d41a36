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

RELEASE = dg.AssetKey(["published", "release"])


@dg.asset(
    key=["published", "promotion"],
    deps=[RELEASE, ["tracking", "run"]],
    group_name="published",
    kinds={"mlflow"},
    pool="warehouse",
)
def promotion(
    context: dg.AssetExecutionContext, log: MappedLog, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Make the release of the run live if its gates are passed, record it, remove old ones.

    Without the step that writes one, it is the newest there is.
    """
    settings, places = log.settings(), log.places()
    releases = places.releases
    bounds = log.reviewed().gates
    signature = Signature(f"run {context.run.run_id[:8]}", "", datetime.now(UTC))
    note_builds(releases, signature.changed_by)
    release_id = _written_by(context) or releases_on_disk(releases)[0]
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
    removed = remove_old_releases(releases, settings.kept_releases, {release_id, *served})
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


def _written_by(context: dg.AssetExecutionContext) -> str | None:
    """Return the release that this run wrote; None if its step was not part of the run."""
    # Runs of other logs write into the same instance, so the last of the asset may be another's.
    entries = context.instance.all_logs(
        context.run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    written = [entry.asset_materialization for entry in entries if entry.asset_materialization]
    for event in written:
        if event.asset_key == RELEASE:
            return str(event.metadata["release_id"].value)
    return None
