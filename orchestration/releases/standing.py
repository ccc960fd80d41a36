"""What became of the newest release, for whoever has just run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.releases.aliases import read_history
from serving.bundle_files import releases_on_disk
from serving.pointers import read_pointers


@dataclass(frozen=True)
class Standing:
    """The newest release and what answers.

    Attributes
    ----------
    newest : str, optional
        The newest release; None without any.
    live : str, optional
        What answers; None if nothing does.
    failed_gates : list of dict
        The gates that keep the newest from going live, as `Change.gates`.
    against_live : str
        How the newest compares with what was live, as `Change.against_live`.
    """

    newest: str | None = None
    live: str | None = None
    failed_gates: list[dict[str, Any]] = field(default_factory=list)
    against_live: str = ""


def standing(releases: Path) -> Standing:
    """Read what the last run came to.

    Raises
    ------
    PointersError
        If the aliases or their history cannot be read.
    """
    newest = next(iter(releases_on_disk(releases)), None)
    changes = [change for change in read_history(releases) if change.release_id == newest]
    gates = changes[-1].gates if changes and changes[-1].action == "blocked" else []
    compared = next((told for change in reversed(changes) if (told := change.against_live)), "")
    return Standing(newest, read_pointers(releases).live, gates, compared)


def standing_text(found: Standing) -> str:
    """Say it in words."""
    if found.newest is None:
        return "There is no release to answer online."
    if found.newest == found.live:
        announced = f"Release {found.newest} is live: `topshelf serve` answers from it."
        return f"{announced}\n{found.against_live}".rstrip()
    rest = f"{found.live} goes on answering" if found.live else "nothing answers online"
    if not found.failed_gates:
        return (
            f"Release {found.newest} is not live, {rest}; "
            f"`topshelf promote {found.newest}` makes it live."
        )
    lines = [f"- {gate['name']}: {gate['message']}" for gate in found.failed_gates]
    return "\n".join(
        [
            f"Release {found.newest} is not live, {rest}:",
            *lines,
            f'`topshelf promote {found.newest} --force --reason "..."` makes it live all the same; '
            "the bounds are those of the section `gates` of the log's settings file.",
        ]
    )
