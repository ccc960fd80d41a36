"""The releases on the disk: noted in the history, and removed when they are old."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from orchestration.releases.aliases import (
    holding_aliases,
    mend,
    read_history,
    record_change,
    trail_of,
)
from orchestration.releases.signature import Signature
from orchestration.releases.writing import remove_release
from serving.bundle_files import BundleError, read_manifest, releases_on_disk


def remove_old_releases(releases: Path, kept: int, spared: Collection[str] = ()) -> list[str]:
    """Remove all releases but the newest, and those that are named; return which went.

    An alias names some, and the caller may name others.

    Serving processes that have a removed release mapped go on reading it until they let go.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    kept : int
        How many of the newest stay, >= 1.
    spared : collection of str
        What arms of experiments serve, and what a run has just written.
    """
    with holding_aliases(releases):
        pointers = mend(releases)
        canary = pointers.canary.release_id if pointers.canary else None
        named = {pointers.live, canary, pointers.shadow, pointers.previous, *spared}
        old = [name for name in releases_on_disk(releases)[kept:] if name not in named]
        for name in old:
            remove_release(releases / name)
    return old


def note_builds(releases: Path, changed_by: str) -> None:
    """Note in the history which releases were written since."""
    with holding_aliases(releases):
        pointers, trail = mend(releases), trail_of(releases)
        # Other changes may name a release earlier: one that was blocked, or came from elsewhere.
        history = read_history(releases)
        noted = {change.release_id for change in history if change.action == "build"}
        for name in reversed(releases_on_disk(releases)):
            if name in noted:
                continue
            try:
                created_at = read_manifest(releases / name)["created_at"]
            except BundleError:
                continue  # It is damaged, which `topshelf releases` shows.
            signature = Signature(changed_by, "", datetime.fromisoformat(created_at))
            record_change(releases, signature.change("build", name, pointers, trail))
