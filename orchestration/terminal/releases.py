"""The commands that show the releases and choose which one answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from orchestration.mapping import Mapping, MappingError, load_mapping
from orchestration.releases.aliases import (
    holding_aliases,
    mend,
    read_history,
    who,
)
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
from orchestration.terminal.answers import complain, write_json
from serving.bundle_files import BundleError, read_manifest, releases_on_disk
from serving.pointers import Pointers, PointersError

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
            pointers = mend(place.releases)
        rows = [_row(place.releases, name, pointers) for name in releases_on_disk(place.releases)]
    except REFUSALS as error:
        complain(str(error))
        return 1
    for warning in warnings:
        complain(warning)
    if as_json:
        write_json({"aliases": pointers_json(pointers), "releases": rows})
    elif rows:
        Console(highlight=False).print(_table(rows))
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
        Console(highlight=False).print(_said(change))
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


def _row(releases: Path, name: str, pointers: Pointers) -> dict[str, Any]:
    """Describe a release; one that is damaged says so."""
    changes = [change for change in read_history(releases) if change.release_id == name]
    # It was written before anything was done to it, even if that was noted later.
    done = [change for change in changes if change.action != "build"] or changes
    last = done[-1] if done else None
    aliases = [
        a for a in ("live", "canary", "shadow", "previous") if pointers.release_of(a) == name
    ]
    row: dict[str, Any] = {"release_id": name, "aliases": aliases}
    try:
        manifest = read_manifest(releases / name)
    except BundleError as error:
        return {**row, "problem": str(error)}
    evaluation = manifest.get("evaluation") or {}
    measured = {
        (metric["setting"], metric["system"], metric["metric"]): metric["value"]
        for metric in manifest["metrics"]
    }
    return {
        **row,
        "created_at": manifest["created_at"],
        "users": manifest["counts"]["users"],
        "items": manifest["counts"]["items"],
        "ndcg_10": measured.get((evaluation.get("setting"), "two_stage", "ndcg_10")),
        "last_action": last.action if last else None,
        "last_changed_by": last.changed_by if last else None,
        "last_changed_at": last.changed_at if last else None,
        "last_reason": last.reason if last else None,
        "failed_gates": [gate["name"] for gate in last.gates] if last else [],
        "problem": None,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("release", "alias", "made", "users", "items", "nDCG@10", "last", "by", "why"):
        table.add_column(head, no_wrap=head in {"release", "made"})
    for row in rows:
        aliases = ", ".join(row["aliases"])
        if row["problem"]:
            table.add_row(row["release_id"], aliases, "", "", "", "", "damaged", "", row["problem"])
            continue
        ndcg = "" if row["ndcg_10"] is None else f"{row['ndcg_10']:.3f}"
        why = row["last_reason"] or ", ".join(row["failed_gates"])
        table.add_row(
            row["release_id"],
            aliases,
            str(row["created_at"])[:16].replace("T", " "),
            f"{row['users']:,}",
            f"{row['items']:,}",
            ndcg,
            row["last_action"] or "",
            row["last_changed_by"] or "",
            why,
            style="bold" if "live" in row["aliases"] else "",
        )
    return table
