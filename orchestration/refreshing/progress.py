"""How far landed events are in the tables: a small file, replaced as a whole after each batch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from orchestration.files import replacing
from serving.bundle import Bundle
from serving.bundle_files import read_manifest
from serving.landing import rows_after
from serving.pointers import read_pointers
from serving.taste import moment_of


@dataclass(frozen=True)
class Progress:
    """What the last batch left behind; the defaults are those before the first.

    Attributes
    ----------
    release_id : str
        That the rows were made from; empty before the first batch.
    moment : str
        Of the rows, in ISO form; empty before the first batch.
    cursor : mapping of str to int
        By segment of the landing log, the bytes that were read.
    """

    release_id: str = ""
    moment: str = ""
    cursor: Mapping[str, int] = field(default_factory=dict)


def read_progress(path: Path) -> Progress:
    """Read the file; a file that is missing or damaged is as before the first batch.

    Reading the log again from the cutoff of the release does no harm: rows are replaced by equal
    ones.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        cursor = {str(name): int(size) for name, size in told["cursor"].items()}
        return Progress(str(told["release_id"]), str(told["moment"]), cursor)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Progress()


def write_progress(path: Path, progress: Progress) -> None:
    """Replace the file; what it says happened must be on disk already."""
    with replacing(path) as unfinished:
        unfinished.write_text(json.dumps(asdict(progress)), encoding="utf-8")


def digest_of(progress: Progress, log: str) -> str:
    """Return a short name of a progress of a log: equal as long as no batch was finished."""
    told = json.dumps([log, asdict(progress)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def what_waits(releases: Path, events: Path, progress: Progress) -> str:
    """Say why a batch is due; empty if none is, or there is no release to make rows from.

    Parameters
    ----------
    releases, events : Path
        Folders of the releases, and of the stream of events in the landing log.
    progress : Progress

    Raises
    ------
    PointersError, BundleError
        If the aliases, or the manifest of the live release, cannot be read.
    """
    live = read_pointers(releases).live
    if live is None:
        return ""
    if progress.release_id and progress.release_id != live:
        return f"the release {live} is live"
    cutoff = moment_of(read_manifest(releases / live))
    landed = rows_after(events, progress.cursor, cutoff, 1)
    # A line that says nothing moves the cursor as well, and must not be waited for again.
    has_more = any(size > progress.cursor.get(name, 0) for name, size in landed.cursor.items())
    return "events have landed" if has_more else ""


def live_bundle(releases: Path) -> Bundle | None:
    """Open the release that answers; None if nothing was ever made live."""
    live = read_pointers(releases).live
    return None if live is None else Bundle.open(releases / live)


def moment_in(text: str, otherwise: datetime) -> datetime:
    """Read a moment of the file."""
    return datetime.fromisoformat(text) if text else otherwise
