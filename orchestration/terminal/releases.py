"""The commands that show the releases and choose which one answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from orchestration.mapping import Mapping, MappingError, load_mapping
from orchestration.releases.aliases import holding_aliases, mend, read_history, who
from orchestration.releases.bounds import GateBounds
from orchestration.releases.changes import AliasError, Change, pointers_json
from orchestration.releases.keeping import catch_up, tell_shadows
from orchestration.releases.on_disk import note_builds
from orchestration.releases.promotion import (
    PromotionBlockedError,
    end_canary,
    promote,
    rollback,
    start_canary,
    start_shadow,
)
from orchestration.releases.signature import Signature
from orchestration.resources import MappedLog, Warehouse
from orchestration.reviewed import load_reviewed
from orchestration.settings import Settings
from orchestration.terminal.answers import complain, show, write_json
from orchestration.terminal.release_table import release_row, release_table
from serving.bundle_files import BundleError, releases_on_disk
from serving.pointers import PointersError

Step = Callable[[Path, GateBounds, Signature], Change]
# What the commands may be refused for, and by what they say so.
REFUSALS = (AliasError, BundleError, PointersError, MappingError)


@dataclass(frozen=True)
class Place:
    """Where the releases of a log are, and what else is told of them."""

    settings: Settings
    mapping: Mapping
    releases: Path

    def warehouse(self) -> Warehouse:
        """Return the warehouse of the log; a command waits less for it than a run."""
        settings = self.settings
        log = MappedLog(
            home=str(settings.home),
            mapping=settings.mapping,
            project_root=str(settings.project_root),
            tracking_uri=settings.tracking_uri,
        )
        return Warehouse(log=log, patience_seconds=3.0)

    def bounds(self) -> GateBounds:
        """Return the bounds of the gates of the log."""
        return load_reviewed(self.mapping, self.settings.project_root).gates

    def catch_up(self) -> list[str]:
        """Tell MLflow and the warehouse."""
        name = self.mapping.name
        return catch_up(self.settings, name, self.warehouse(), self.releases, self.bounds())

    def tell_shadows(self) -> list[str]:
        """Tell the warehouse what the shadow said."""
        return tell_shadows(self.settings, self.mapping.name, self.warehouse(), self.releases)


def show_releases(settings: Settings, *, repair: bool, as_json: bool) -> int:
    """Show every release with its aliases; with `repair`, mend the file and tell MLflow first."""
    try:
        place = _place(settings)
        note_builds(place.releases, who())
        warnings = [*place.catch_up(), *place.tell_shadows()] if repair else []
        with holding_aliases(place.releases):
            pointers, history = mend(place.releases), read_history(place.releases)
        rows = [
            release_row(place.releases, name, pointers, history)
            for name in releases_on_disk(place.releases)
        ]
    except REFUSALS as error:
        complain(str(error))
        return 1
    for warning in warnings:
        complain(warning)
    if as_json:
        write_json({"aliases": pointers_json(pointers), "releases": rows})
    elif rows:
        show(release_table(rows))
    else:
        complain("there is no release yet; `topshelf run` makes one")
    return 0


def promote_in_terminal(
    settings: Settings, release_id: str, reason: str, *, force: bool, as_json: bool
) -> int:
    """Make a release live."""
    return _do(
        settings,
        reason,
        lambda releases, bounds, signature: promote(
            releases, release_id, bounds, signature, force=force
        ),
        as_json=as_json,
    )


def canary_in_terminal(
    settings: Settings, release_id: str, percent: float, reason: str, *, as_json: bool
) -> int:
    """Let a release answer a share of the users; 0 percent ends the canary."""

    def step(releases: Path, _: GateBounds, signature: Signature) -> Change:
        if percent == 0:
            return end_canary(releases, signature)
        return start_canary(releases, release_id, percent, signature)

    return _do(settings, reason, step, as_json=as_json)


def shadow_in_terminal(settings: Settings, release_id: str, reason: str, *, as_json: bool) -> int:
    """Ask a release beside the live one."""
    return _do(
        settings,
        reason,
        lambda releases, _, signature: start_shadow(releases, release_id, signature),
        as_json=as_json,
    )


def rollback_in_terminal(settings: Settings, reason: str, *, as_json: bool) -> int:
    """Make live what was live before."""
    return _do(
        settings,
        reason,
        lambda releases, _, signature: rollback(releases, signature),
        as_json=as_json,
    )


def _do(settings: Settings, reason: str, step: Step, *, as_json: bool) -> int:
    """Take a step, say that it is in effect, then tell MLflow and the warehouse."""
    try:
        place = _place(settings)
        change = step(place.releases, place.bounds(), Signature(who(), reason, datetime.now(UTC)))
    except PromotionBlockedError as error:
        # The refusal is in the history, which the warehouse shows.
        complain(str(error))
        for warning in place.catch_up():
            complain(warning)
        return 1
    except REFUSALS as error:
        complain(str(error))
        return 1
    if not as_json:
        show(Text(_said(change)))
    warnings = place.catch_up()
    for warning in warnings:
        complain(warning)
    if as_json:
        write_json(
            {
                "action": change.action,
                "release_id": change.release_id,
                "reason": change.reason,
                "is_forced": change.is_forced,
                "failed_gates": change.gates,
                "aliases": pointers_json(change.pointers),
                "warnings": warnings,
            }
        )
    return 0


def _place(settings: Settings) -> Place:
    mapping = load_mapping(settings.mapping, settings.project_root)
    return Place(settings, mapping, settings.places(mapping.name).releases)


def _said(change: Change) -> str:
    pointers = change.pointers
    lines = [f"{change.action} {change.release_id}: in effect in every serving process"]
    if change.reason:
        lines.append(f"reason: {change.reason}")
    for gate in change.gates:
        lines.append(f"forced against {gate['name']}: {gate['message']}")
    for alias in ("live", "canary", "shadow", "previous"):
        if release := pointers.release_of(alias):
            share = f", {pointers.canary.percent:g} percent" if alias == "canary" else ""  # type: ignore[union-attr]
            lines.append(f"{alias:<9}{release}{share}")
    return "\n".join(lines)
