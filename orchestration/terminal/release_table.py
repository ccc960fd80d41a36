"""Releases as a table for the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from orchestration.releases.changes import Change
from serving.bundle_files import BundleError, read_manifest
from serving.pointers import Pointers


def release_row(
    releases: Path, name: str, pointers: Pointers, history: Sequence[Change]
) -> dict[str, Any]:
    """Describe a release by what was done to it; one that is damaged says so."""
    changes = [change for change in history if change.release_id == name]
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


def release_table(rows: list[dict[str, Any]]) -> Table:
    """Show releases as `release_row` describes them, the live one in bold."""
    # A name of a release begins with the moment that it was made.
    table = Table(box=None, pad_edge=False)
    for head in ("release", "alias", "users", "items", "nDCG@10", "last", "by", "why"):
        table.add_column(head, no_wrap=head not in {"by", "why"}, overflow="fold")
    for row in rows:
        aliases = ", ".join(row["aliases"])
        if row["problem"]:
            table.add_row(row["release_id"], aliases, "", "", "", "damaged", "", row["problem"])
            continue
        ndcg = "" if row["ndcg_10"] is None else f"{row['ndcg_10']:.3f}"
        why = row["last_reason"] or ", ".join(row["failed_gates"])
        table.add_row(
            row["release_id"],
            aliases,
            f"{row['users']:,}",
            f"{row['items']:,}",
            ndcg,
            row["last_action"] or "",
            row["last_changed_by"] or "",
            why,
            style="bold" if "live" in row["aliases"] else "",
        )
    return table
