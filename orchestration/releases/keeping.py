"""Telling MLflow and the warehouse what became of the aliases, and hearing what MLflow says."""

from datetime import UTC, datetime
from pathlib import Path

from orchestration.releases.aliases import (
    holding_aliases,
    mend,
    record_change,
    releases_on_disk,
    trail_of,
)
from orchestration.releases.mirror import MirrorError, mirror
from orchestration.releases.promotion import Signature
from orchestration.releases.registry import aliases_of, moved_by_hand, read_registered, register
from orchestration.releases.shadows import write_shadows
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.tracking import TrackingError


def catch_up(settings: Settings, mapping: str, warehouse: Warehouse, releases: Path) -> list[str]:
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

    Returns
    -------
    list of str
        What could not be told to whom, and what happens then; empty if all was.
    """
    warnings = []
    try:
        warnings += adopt(settings, mapping, releases)
        with holding_aliases(releases):
            pointers = mend(releases)
        register(settings, mapping, releases, pointers)
    except TrackingError as error:
        warnings.append(f"{error}; the aliases are in effect, and the next command records them")
    try:
        mirror(warehouse, releases)
        landing = settings.places(mapping).landing / "shadow"
        write_shadows(warehouse, landing, releases, datetime.now(UTC))
    except MirrorError as error:
        warnings.append(str(error))
    return warnings


def adopt(settings: Settings, mapping: str, releases: Path) -> list[str]:
    """Take over aliases that were moved in MLflow's pages, if their releases are here.

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
        missing = sorted(set(aliases_of(after).values()) - set(releases_on_disk(releases)))
        if missing:
            return [
                f"MLflow names {', '.join(missing)}, which {releases} does not hold; the aliases "
                "of this machine stay, and MLflow is told of them"
            ]
        signature = Signature("MLflow", "moved in the registry", datetime.now(UTC))
        passed = [before.live] if before.live and before.live != after.live else []
        record_change(
            releases,
            signature.change("adopt", str(after.live), after, [*trail, *passed]),
        )
    return []
