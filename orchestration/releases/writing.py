"""Writing a release so that it is seen complete or not at all."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from orchestration.files import UNFINISHED, sync
from serving.bundle_arrays import ARRAYS, MATRICES
from serving.bundle_files import FORMAT_VERSION, MANIFEST, VERIFIED, manifest_checksum
from serving.journal import noted_builds
from serving.texts import packed


class ArrayWriter:
    """An array that is written block by block, in memory that does not grow with it.

    Parameters
    ----------
    path : Path
        The file to make.
    dtype : str
        Of the numbers, little-endian, as in `ARRAYS`.
    shape : tuple of int
        Of the whole array; blocks are counted along its first axis.
    """

    def __init__(self, path: Path, dtype: str, shape: tuple[int, ...]) -> None:
        self._path, self._shape, self._dtype = path, shape, np.dtype(f"<{dtype}")
        self._rows = 0
        self._digest = hashlib.sha256()
        self._file = path.open("xb")
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        )
        self._put(header.getvalue())

    def append(self, block: np.ndarray) -> None:
        """Write further rows.

        Raises
        ------
        ValueError
            If the block has another width, or a number does not fit the type.
        """
        block = np.asarray(block)
        if block.shape[1:] != self._shape[1:]:
            raise ValueError(
                f"{self._path.name}: rows are {self._shape[1:]}, got {block.shape[1:]}"
            )
        if self._dtype.kind in "iu" and block.size:
            limits = np.iinfo(self._dtype)
            if block.min() < limits.min or block.max() > limits.max:
                raise ValueError(
                    f"{self._path.name}: {block.min()} to {block.max()} does not fit {self._dtype}"
                )
        self._rows += len(block)
        self._put(np.ascontiguousarray(block, dtype=self._dtype).tobytes())

    def close(self) -> dict[str, Any]:
        """Wait until all is on the disk; return size and checksum.

        Raises
        ------
        ValueError
            If there are more or fewer rows than announced.
        """
        if self._rows != self._shape[0]:
            raise ValueError(
                f"{self._path.name}: {self._shape[0]} rows announced, {self._rows} came"
            )
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        return {"bytes": size, "sha256": self._digest.hexdigest()}

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)


class ReleaseWriter:
    """The unfinished folder of a release.

    Parameters
    ----------
    folder : Path
        An empty folder, which readers do not look into.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, dict[str, Any]] = {}
        self._open: dict[str, ArrayWriter] = {}

    def array(self, name: str, rows: int, columns: int | None = None) -> ArrayWriter:
        """Begin an array of `ARRAYS`; one of two dimensions has columns."""
        if (name in MATRICES) != (columns is not None):
            raise ValueError(f"{name} has {2 if name in MATRICES else 1} dimensions")
        shape = (rows,) if columns is None else (rows, columns)
        writer = ArrayWriter(self.folder / f"{name}.npy", ARRAYS[name], shape)
        self._open[name] = writer
        return writer

    def whole(self, name: str, values: np.ndarray) -> None:
        """Write an array in one piece."""
        values = np.asarray(values)
        self.array(name, *values.shape).append(values)

    def texts(self, name: str, texts: list[str]) -> None:
        """Write a few texts; many are written as arrays of bytes and of where each begins."""
        text, starts = packed(text.encode("utf-8") for text in texts)
        self.whole(f"{name}_text", text)
        self.whole(f"{name}_starts", starts)

    def json(self, name: str, value: object) -> None:
        """Write a value as JSON."""
        data = json.dumps(value, allow_nan=False, indent=1).encode()
        (self.folder / name).write_bytes(data)
        sync(self.folder / name)
        self._files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def finish(self, told: dict[str, Any]) -> None:
        """Write the manifest, which makes a release of the folder.

        Raises
        ------
        ValueError
            If an array is missing, or not complete.
        """
        missing = sorted(set(ARRAYS) - set(self._open))
        if missing:
            raise ValueError(f"a release needs the arrays {missing}")
        for name, writer in self._open.items():
            self._files[f"{name}.npy"] = writer.close()
        manifest = {**told, "format_version": FORMAT_VERSION, "files": self._files}
        # As it will be read: tuples are lists, and keys are text.
        manifest = json.loads(json.dumps(manifest, allow_nan=False))
        manifest["manifest_sha256"] = manifest_checksum(manifest)
        sync(self.folder)
        path = self.folder / MANIFEST
        path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        sync(path)
        sync(self.folder)


@contextmanager
def writing_release(releases: Path, release_id: str) -> Iterator[ReleaseWriter]:
    """Give an unfinished release; afterwards it takes its name, in one step.

    If the block raises, nothing is left of it. What a killed writer left behind is removed first:
    one process at a time may write releases of a log, which the lock of its runs sees to.

    Parameters
    ----------
    releases : Path
        The folder of the releases; made if there is none.
    release_id : str
        Name of the release. No other has it: see `free_release_id`.

    Yields
    ------
    ReleaseWriter
        The block must `finish` it.

    Raises
    ------
    FileExistsError
        If there is such a release: a release never changes.
    """
    releases.mkdir(parents=True, exist_ok=True)
    remove_unfinished_releases(releases)
    target = releases / release_id
    if target.exists():
        raise FileExistsError(f"{target} exists, and a release never changes")
    unfinished = releases / f".{release_id}.{os.getpid()}{UNFINISHED}"
    unfinished.mkdir()
    try:
        yield ReleaseWriter(unfinished)
        if not (unfinished / MANIFEST).is_file():
            raise ValueError(f"{release_id} was not finished")
        unfinished.rename(target)
        sync(releases)
    except OSError as error:
        # A write that finds the disk full does not know of which file.
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(unfinished)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def remove_unfinished_releases(releases: Path) -> None:
    """Remove what killed writers left: half a release, half a removal, half a record."""
    for leftover in releases.glob(f".*{UNFINISHED}"):
        shutil.rmtree(leftover, ignore_errors=True)
    for record in releases.glob(f"*{VERIFIED}*"):
        name, _, rest = record.name.partition(VERIFIED)
        if rest or not (releases / name).is_dir():
            record.unlink(missing_ok=True)


def remove_release(folder: Path) -> None:
    """Remove a release: first its name, so that nobody sees half of it, then its files."""
    going = folder.with_name(f".{folder.name}.{os.getpid()}{UNFINISHED}")
    folder.rename(going)
    shutil.rmtree(going)
    folder.with_name(f"{folder.name}{VERIFIED}").unlink(missing_ok=True)


def free_release_id(releases: Path, wanted: str) -> str:
    """Return a name that no release has or had: `wanted`, or with the first free number from 2 on.

    Lists that are built again from the same ranker are another release, and what the journal says
    of one that was removed is not said of it.
    """
    noted = set(noted_builds(releases))
    name, number = wanted, 2
    while name in noted or (releases / name).exists():
        name, number = f"{wanted}-{number}", number + 1
    return name
