"""What becomes of the aliases when one moves: plain values in, plain values out."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from serving.pointers import FORMAT_VERSION, Canary, Pointers, pointers_of

# What can be done. `adopt` takes over what was changed in MLflow's pages.
MOVES = ("promote", "canary", "shadow", "rollback", "end_canary", "adopt")
# What is only noted: that a release was written, and that the gates refused one.
NOTES = ("build", "blocked")


class AliasError(RuntimeError):
    """An alias that cannot be moved like that; says what to do instead."""


@dataclass(frozen=True)
class Change:
    """A line of the history of the aliases.

    Attributes
    ----------
    version : int
        Of the aliases afterwards; a note leaves it.
    changed_at : str
        ISO 8601, UTC.
    changed_by : str
        Who: an account and a machine, or the run, or a guard.
    action : str
        Of `MOVES` or `NOTES`.
    release_id : str
        The release that it was done to.
    reason : str
        Why, in words; empty where nothing was said.
    is_forced : bool
        Whether it was promoted against the gates.
    gates : list of dict
        The gates that said no: name, value, bound, shortfall, message.
    against_live : str
        How the release compares with what was live, in words; empty where nothing was, or where
        nobody asked.
    pointers : Pointers
        All aliases afterwards.
    trail : list of str
        Releases that were live before, oldest first; a rollback goes back along it.
    """

    version: int
    changed_at: str
    changed_by: str
    action: str
    release_id: str
    reason: str = ""
    is_forced: bool = False
    gates: list[dict[str, Any]] = field(default_factory=list)
    against_live: str = ""
    pointers: Pointers = field(default_factory=Pointers)
    trail: list[str] = field(default_factory=list)


def change_json(change: Change) -> dict[str, Any]:
    """Return a change as plain values."""
    return {**asdict(change), "pointers": pointers_json(change.pointers)}


def change_of(told: dict[str, Any]) -> Change:
    """Read a change back."""
    return Change(**{**told, "pointers": pointers_of(told["pointers"])})


def pointers_json(pointers: Pointers) -> dict[str, Any]:
    """Return aliases as the content of their file."""
    return {"format_version": FORMAT_VERSION, **asdict(pointers)}


def promoted(before: Pointers, trail: list[str], release_id: str) -> tuple[Pointers, list[str]]:
    """Make a release live; it ceases to be canary or shadow.

    Raises
    ------
    AliasError
        If it is live already.
    """
    if before.live == release_id:
        raise AliasError(f"{release_id} is live already")
    after_trail = [*trail, *([before.live] if before.live else [])]
    canary = before.canary
    after = replace(
        before,
        version=before.version + 1,
        live=release_id,
        canary=None if canary and canary.release_id == release_id else canary,
        shadow=None if before.shadow == release_id else before.shadow,
        previous=before.live,
    )
    return after, after_trail


def with_canary(before: Pointers, release_id: str, percent: float) -> Pointers:
    """Let a release answer a share of the users; the same share of the same users every time.

    Raises
    ------
    AliasError
        If there is nothing that answers the others, or it would be the same release.
    """
    if not 0.01 <= percent <= 100:
        raise AliasError(f"a canary answers 0.01 to 100 percent of the users, got {percent:g}")
    if before.live is None:
        raise AliasError("nothing is live to answer the other users; `topshelf promote` first")
    if before.live == release_id:
        raise AliasError(f"{release_id} is live already, so it answers everybody")
    canary = Canary(release_id, round(float(percent), 2), salt=release_id)
    return replace(before, version=before.version + 1, canary=canary)


def with_shadow(before: Pointers, release_id: str) -> Pointers:
    """Ask a release beside the live one, without showing its answers.

    Raises
    ------
    AliasError
        If it is live.
    """
    if before.live == release_id:
        raise AliasError(f"{release_id} is live; a shadow is compared with what is live")
    return replace(before, version=before.version + 1, shadow=release_id)


def without_canary(before: Pointers) -> Pointers:
    """Let the live release answer everybody again.

    Raises
    ------
    AliasError
        If there is no canary.
    """
    if before.canary is None:
        raise AliasError("there is no canary to end")
    return replace(before, version=before.version + 1, canary=None)


def rolled_back(
    before: Pointers, trail: list[str], on_disk: set[str]
) -> tuple[Pointers, list[str]]:
    """Make live what was live before, and end a canary: it was chosen against what now goes.

    Parameters
    ----------
    before : Pointers
        The aliases now.
    trail : list of str
        What was live before, oldest first.
    on_disk : set of str
        Releases that are there.

    Raises
    ------
    AliasError
        If nothing earlier is left.
    """
    left = [name for name in trail if name in on_disk and name != before.live]
    if not left:
        raise AliasError(
            "there is no earlier release to go back to; `topshelf releases` shows what there is, "
            "and `topshelf promote RELEASE` makes one of them live"
        )
    target = left.pop()
    # What was promoted again and again is no way back from itself.
    left = [name for name in left if name != target]
    after = replace(
        before,
        version=before.version + 1,
        live=target,
        canary=None,
        shadow=None if before.shadow == target else before.shadow,
        previous=left[-1] if left else None,
    )
    return after, left
