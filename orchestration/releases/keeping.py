"""Telling MLflow and the warehouse what became of the aliases, and hearing what MLflow says."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.releases.aliases import (
    holding_aliases,
    mend,
    record_change,
    trail_of,
)
from orchestration.releases.bounds import GateBounds
from orchestration.releases.changes import AliasError
from orchestration.releases.gates import refused
from orchestration.releases.mirror import MirrorError, mirror
from orchestration.releases.promotion import (
    PromotionBlockedError,
    gates_of,
    open_whole,
)
from orchestration.releases.registry import aliases_of, moved_by_hand, read_registered, register
from orchestration.releases.shadows import write_shadows
from orchestration.releases.signature import Signature
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.tracking import TrackingError
from serving.bundle_files import BundleError, releases_on_disk
from serving.pointers import LIVE, Pointers

# Aliases whose releases are asked; `previous` is read again by a rollback.
ASKED = (LIVE, "canary", "shadow")


def catch_up(
    settings: Settings, mapping: str, warehouse: Warehouse, releases: Path, bounds: GateBounds
) -> list[str]:
    """Bring the registry and the warehouse up to the aliases; nothing that answers waits for it.

    Parameters
    ----------
    settings : Settings
        Say where MLflow is.
    mapping : str
        Name of the log.
    warehouse : Warehouse
        Of the log.
    releases : Path
        The folder of the releases.
    bounds : GateBounds
        Of the log, for what was made live in MLflow's pages.

    Returns
    -------
    list of str
        What could not be told to whom, and what happens then; empty if all was.
    """
    warnings = []
    try:
        warnings += adopt(settings, mapping, releases, bounds)
        with holding_aliases(releases):
            pointers = mend(releases)
        register(settings, mapping, releases, pointers)
    except TrackingError as error:
        warnings.append(f"{error}; the aliases are in effect, and the next command records them")
    try:
        mirror(warehouse, releases)
    except MirrorError as error:
        warnings.append(str(error))
    return warnings


def tell_shadows(
    settings: Settings, mapping: str, warehouse: Warehouse, releases: Path
) -> list[str]:
    """Tell the warehouse what the shadow said, which takes too long to do it with every alias.

    Parameters and return as of `catch_up`.
    """
    landing = settings.places(mapping).landing / "shadow"
    try:
        write_shadows(warehouse, landing, releases, datetime.now(UTC))
    except MirrorError as error:
        return [str(error)]
    return []


def adopt(settings: Settings, mapping: str, releases: Path, bounds: GateBounds) -> list[str]:
    """Take over aliases that were moved in MLflow's pages, if a command could move them so.

    Returns
    -------
    list of str
        Why they were not taken over; empty otherwise.

    Raises
    ------
    TrackingError
        If MLflow does not answer.
    """
    registered = read_registered(settings, mapping)
    with holding_aliases(releases):
        before, trail = mend(releases), trail_of(releases)
        after = moved_by_hand(before, registered)
        if after is None:
            return []
        signature = Signature("MLflow", "moved in the registry", datetime.now(UTC))
        refusal = _refusal(releases, before, after, registered.told, bounds)
        if refusal is not None:
            release_id, why, gates = refusal
            why = f"what was moved in MLflow is not taken over, and is put back: {why}"
            blocked = replace(signature, reason=why).change("blocked", release_id, before, trail)
            record_change(releases, replace(blocked, gates=gates))
            return [why]
        passed = [before.live] if before.live and before.live != after.live else []
        record_change(
            releases,
            signature.change("adopt", str(after.live), after, [*trail, *passed]),
        )
    return []


def _refusal(
    releases: Path, before: Pointers, after: Pointers, told: Pointers, bounds: GateBounds
) -> tuple[str, str, list[dict[str, Any]]] | None:
    """Ask of releases that get an alias in MLflow what a command would ask of them.

    `told` is what topshelf wrote there, on this machine or another: such a release was held against
    the gates, or was forced for a reason that is kept. Returns the release that is refused, why,
    and the gates that said no.
    """
    if after.live is None:
        return str(before.live), "no release would be live", []
    missing = sorted(set(aliases_of(after).values()) - set(releases_on_disk(releases)))
    if missing:
        return missing[0], f"{releases} does not hold {', '.join(missing)}", []
    for alias in ASKED:
        release_id = after.release_of(alias)
        if release_id is None or release_id == before.release_of(alias):
            continue
        try:
            if alias != LIVE or release_id == told.live:
                open_whole(releases, release_id)
            elif failed := refused(gates_of(releases, release_id, before, bounds)):
                return release_id, str(PromotionBlockedError(release_id, failed)), failed
        except (AliasError, BundleError) as error:
            return release_id, str(error), []
    return None
