"""Choosing which release answers: checked, written down, in effect, and recorded in MLflow."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration.releases.aliases import (
    holding_aliases,
    mend,
    read_history,
    record_change,
    trail_of,
)
from orchestration.releases.bounds import GateBounds
from orchestration.releases.changes import (
    AliasError,
    Change,
    promoted,
    rolled_back,
    with_canary,
    with_shadow,
    without_canary,
)
from orchestration.releases.gates import Gate, against_live, judge, refused
from orchestration.releases.signature import Signature
from serving.bundle import Bundle
from serving.bundle_files import BundleError, releases_on_disk
from serving.pointers import Pointers

Trail = list[str]
Move = Callable[[Pointers, Trail], tuple[Pointers, Trail]]


class PromotionBlockedError(AliasError):
    """The gates do not let a release go live; says which ones, and by how much."""

    def __init__(self, release_id: str, gates: list[dict[str, Any]]) -> None:
        self.gates = gates
        lines = [f"- {gate['name']}: {gate['message']}" for gate in gates]
        remedy = (
            f'`topshelf promote {release_id} --force --reason "..."` makes it live all the same; '
            "the bounds are those of the section `gates` of the log's settings file"
        )
        super().__init__("\n".join([f"{release_id} is not promoted:", *lines, remedy]))


def promote(
    releases: Path,
    release_id: str,
    bounds: GateBounds,
    signature: Signature,
    *,
    force: bool = False,
) -> Change:
    """Make a release live, if its files are whole and its gates are passed.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    release_id : str
        Which.
    bounds : GateBounds
        Of the log.
    signature : Signature
        Who, when and why.
    force : bool
        Go live against the gates, for the reason that the signature gives; never with files that
        are not whole.

    Raises
    ------
    PromotionBlockedError
        If a gate says no; the history keeps it.
    AliasError
        If there is no such release, it is live already, or a reason is missing.
    BundleError
        If a file of the release is missing or damaged.
    """
    if force and not signature.reason.strip():
        raise AliasError('--force needs a reason: --reason "..."; the history keeps it')
    with holding_aliases(releases):
        before, trail = mend(releases), trail_of(releases)
        after, after_trail = promoted(before, trail, release_id)
        gates = gates_of(releases, release_id, before, bounds)
        failed, told = refused(gates), against_live(gates) if before.live else ""
        if failed and not force:
            blocked = signature.change("blocked", release_id, before, trail)
            record_change(releases, replace(blocked, gates=failed, against_live=told))
            raise PromotionBlockedError(release_id, failed)
        change = signature.change("promote", release_id, after, after_trail)
        change = replace(change, gates=failed, is_forced=bool(failed), against_live=told)
        record_change(releases, change)
        return change


def gates_of(releases: Path, release_id: str, pointers: Pointers, bounds: GateBounds) -> list[Gate]:
    """Verify a release, all of it, and hold it against the gates."""
    bundle = open_whole(releases, release_id)
    live = None
    if pointers.live and pointers.live != release_id:
        try:
            live = Bundle.open(releases / pointers.live)
        except BundleError:
            # What is live cannot be read: all the more reason to replace it.
            live = None
    return judge(bundle, live, bounds)


def start_canary(releases: Path, release_id: str, percent: float, signature: Signature) -> Change:
    """Let a release answer a share of the users; errors as of `with_canary`."""
    open_whole(releases, release_id)
    return _move(
        releases,
        "canary",
        release_id,
        signature,
        lambda before, trail: (with_canary(before, release_id, percent), trail),
    )


def end_canary(releases: Path, signature: Signature) -> Change:
    """Let the live release answer everybody again; errors as of `without_canary`."""
    with holding_aliases(releases):
        before, trail = mend(releases), trail_of(releases)
        after = without_canary(before)
        name = before.canary.release_id if before.canary else ""
        change = signature.change("end_canary", name, after, trail)
        record_change(releases, change)
        return change


def start_shadow(releases: Path, release_id: str, signature: Signature) -> Change:
    """Ask a release beside the live one; errors as of `with_shadow`."""
    open_whole(releases, release_id)
    return _move(
        releases,
        "shadow",
        release_id,
        signature,
        lambda before, trail: (with_shadow(before, release_id), trail),
    )


def rollback(releases: Path, signature: Signature) -> Change:
    """Make live what was live before; who is in need of it is not stopped by a damaged release.

    Parameters
    ----------
    releases : Path
        The folder of the releases.
    signature : Signature
        Who, when and why; of damaged releases that were passed over the reason says so.

    Raises
    ------
    AliasError
        If nothing earlier is left that is whole.
    """
    with holding_aliases(releases):
        before, trail = mend(releases), trail_of(releases)
        left, damaged = set(releases_on_disk(releases)), ""
        while True:
            try:
                after, after_trail = rolled_back(before, trail, left)
            except AliasError as error:
                raise AliasError(f"{error}{damaged}") from error
            try:
                open_whole(releases, str(after.live))
            except BundleError as error:
                damaged += f"; passed over {after.live}, which is damaged: {error}"
                left.discard(str(after.live))
                continue
            reason = f"{signature.reason}{damaged}".removeprefix("; ")
            told = replace(signature, reason=reason)
            change = told.change("rollback", str(after.live), after, after_trail)
            record_change(releases, change)
            return change


def was_anything_live(releases: Path) -> bool:
    """Return whether any release ever answered."""
    return any(change.pointers.live for change in read_history(releases))


def _move(releases: Path, action: str, release_id: str, signature: Signature, move: Move) -> Change:
    with holding_aliases(releases):
        after, trail = move(mend(releases), trail_of(releases))
        change = signature.change(action, release_id, after, trail)
        record_change(releases, change)
        return change


def open_whole(releases: Path, release_id: str) -> Bundle:
    """Open a release after reading all of it; says what there is if it is not there."""
    on_disk = releases_on_disk(releases)
    # Compared with the names that are there: a name from the command line is never a path.
    if release_id not in on_disk:
        newest = f"the newest is {on_disk[0]}" if on_disk else "there is none; `topshelf run` first"
        raise AliasError(f"{release_id!r} is no release of {releases}; {newest}")
    return Bundle.open(releases / release_id, trust_record=False)
