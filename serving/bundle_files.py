"""The files of a release: whether all are there, whole, and of a format that can be read."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from serving.journal import noted_builds

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
# In the name of the record, beside a release, that its files were read and found whole.
VERIFIED = ".verified.json"
REMEDY = "make another release with `topshelf run`, or go back with `topshelf rollback`"
BLOCK = 1 << 20


class BundleError(RuntimeError):
    """A release that cannot be used; says which file, and what to do."""


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, reading it block by block."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_checksum(manifest: dict[str, Any]) -> str:
    """Return the SHA-256 of all that a manifest says but this."""
    rest = {name: value for name, value in manifest.items() if name != "manifest_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def releases_on_disk(releases: Path) -> list[str]:
    """Return the names of the complete releases, newest first.

    They come in the order in which runs noted them in the journal: clocks go back, and a copied
    file has another time. What was not noted yet was written after all that was, and among itself
    has nothing but the moments in the manifests; where one cannot be read, its release comes last.
    """
    if not releases.is_dir():
        return []
    names = [path.parent.name for path in releases.glob(f"*/{MANIFEST}")]
    noted = {name: place for place, name in enumerate(noted_builds(releases))}

    def written(name: str) -> tuple[int, str, str]:
        if name in noted:
            return noted[name], "", name
        try:
            return len(noted), str(read_manifest(releases / name)["created_at"]), name
        except BundleError:
            return -1, "", name

    return sorted((name for name in names if name[0] != "."), key=written, reverse=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what a release says of itself.

    Parameters
    ----------
    folder : Path
        Of the release.

    Raises
    ------
    BundleError
        If there is none, if it is damaged, or if its format is another one.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BundleError(f"{folder} is not a release: it has no {MANIFEST}; {REMEDY}") from error
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise BundleError(f"{path} cannot be read ({reason}); {REMEDY}") from error
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if version != FORMAT_VERSION:
        raise BundleError(
            f"{path} has format {version!r}, and this version of topshelf reads {FORMAT_VERSION}; "
            f"use the version that wrote it, or {REMEDY}"
        )
    if manifest.get("manifest_sha256") != manifest_checksum(manifest):
        raise BundleError(f"{path} was changed after it was written; {REMEDY}")
    return manifest


def verify_files(folder: Path, manifest: dict[str, Any], *, trust_record: bool = True) -> bool:
    """Compare every file of a release with the size and the checksum in its manifest.

    Reading all of it costs about a second a gigabyte. What was found whole is recorded beside the
    folder with number, time and size of each file, and as long as these stay the same, nothing
    but them is read the next time, in whichever process.

    Parameters
    ----------
    folder : Path
        Of the release.
    manifest : dict
        Of `read_manifest`.
    trust_record : bool
        False reads everything in any case.

    Returns
    -------
    bool
        Whether the files were read; False where the record was enough.

    Raises
    ------
    BundleError
        Naming the first file that is missing, or not what was written.
    """
    stamps = {name: _stamp(folder, name) for name in manifest["files"]}
    record = folder.with_name(f"{folder.name}{VERIFIED}")
    seen = {"manifest_sha256": manifest["manifest_sha256"], "files": stamps}
    if trust_record and _recorded(record) == seen:
        return False
    for name, expected in manifest["files"].items():
        size = stamps[name][2]
        if size != expected["bytes"]:
            raise BundleError(
                f"{folder / name} has {size} bytes instead of {expected['bytes']}; {REMEDY}"
            )
        if checksum(folder / name) != expected["sha256"]:
            raise BundleError(f"{folder / name} was changed after it was written; {REMEDY}")
    _write_record(record, seen)
    return True


def _stamp(folder: Path, name: str) -> list[int]:
    """Return what changes when a file does: its number, its time, its size."""
    if Path(name).name != name:
        raise BundleError(f"{folder / MANIFEST} names {name!r}, which is no file of its folder")
    try:
        status = (folder / name).stat()
    except OSError as error:
        raise BundleError(f"{folder / name} is missing; {REMEDY}") from error
    return [status.st_ino, status.st_mtime_ns, status.st_size]


def _recorded(record: Path) -> object:
    try:
        return json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_record(record: Path, seen: dict[str, Any]) -> None:
    """Keep what was seen for the next process, where there is a right to write."""
    unfinished = record.with_name(f"{record.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_text(json.dumps(seen), encoding="utf-8")
        unfinished.replace(record)
    except OSError:
        unfinished.unlink(missing_ok=True)
