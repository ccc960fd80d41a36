"""Appending to the landing log, with one sync to disk for all who wait at the same time."""

import atexit
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import orjson

from serving.landing.newest import remove_oldest
from serving.landing.segments import Segment, repair

LOG = logging.getLogger("topshelf.landing")
SEGMENT_BYTES = 64 * 1024 * 1024
# Rows that wait for the disk; at some hundred bytes a row this bounds the memory.
PENDING_ROWS = 50_000

Row = Mapping[str, object]


class LandingFullError(RuntimeError):
    """More rows wait for the disk than are allowed."""


class LandingClosedError(RuntimeError):
    """The log was closed and takes no rows."""


class LandingLog:
    """One stream of rows, such as events or impressions, of one process.

    A thread writes what has gathered since its last sync, all in one go, so that many clients
    share the price of one sync.

    Parameters
    ----------
    folder : Path
        Folder of the stream; created if it is missing. Torn lines of dead processes are cut.
    pending_rows : int
        Most rows that may wait for the disk, >= 1.
    segment_bytes : int
        Size after which a new file begins.
    now : callable
        The clock, which begins a new file every hour.
    kept_bytes : int, optional
        Of the stream; when a file begins, the oldest ones beyond that go, see `remove_oldest`.
        Without it everything stays.
    gather_seconds : float
        So long rows may wait for others that share their sync; for a log that nobody waits for.
    """

    def __init__(
        self,
        folder: Path,
        pending_rows: int = PENDING_ROWS,
        segment_bytes: int = SEGMENT_BYTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        kept_bytes: int | None = None,
        gather_seconds: float = 0.0,
    ) -> None:
        if pending_rows < 1:
            msg = f"pending_rows must be >= 1, got {pending_rows}"
            raise ValueError(msg)
        folder.mkdir(parents=True, exist_ok=True)
        repair(folder)
        self.folder = folder
        self.failures = 0
        self._pending_rows, self._segment_bytes, self._now = pending_rows, segment_bytes, now
        self._kept_bytes = kept_bytes
        self._segment: Segment | None = None
        self._waiting: list[tuple[bytes, Future[None]]] = []
        self._rows_waiting = 0
        self._gather_seconds = gather_seconds
        self._closed = False
        self._closing = threading.Event()
        self._changed = threading.Condition()
        # A process that ends without closing the log writes what waits, and is not kept alive.
        self._thread = threading.Thread(
            target=self._work, name=f"landing-{folder.name}", daemon=True
        )
        self._thread.start()
        atexit.register(self.close)

    @property
    def rows_waiting(self) -> int:
        """Rows that are not on disk yet."""
        return self._rows_waiting

    def append(self, rows: Iterable[Row]) -> "Future[None]":
        """Hand rows over, all of which are written or none is acknowledged.

        Parameters
        ----------
        rows : iterable of mapping
            Of what JSON can say.

        Returns
        -------
        Future
            Done when the rows are on disk. It carries an OSError if that failed; some of the rows
            may then be there nevertheless.

        Raises
        ------
        LandingFullError
            If too many rows wait; try again later.
        LandingClosedError
            After `close`.
        """
        lines = [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows]
        return self.append_lines(b"".join(lines), len(lines))

    def append_lines(self, lines: bytes, count: int) -> "Future[None]":
        """Hand rows over that are written down already, a JSON object a line.

        Parameters
        ----------
        lines : bytes
            Each with its line end.
        count : int
            How many rows these are.

        Returns
        -------
        Future
            As of `append`, and so are the errors.
        """
        done: Future[None] = Future()
        with self._changed:
            if self._closed:
                msg = f"the log {self.folder.name} is closed; start the application again"
                raise LandingClosedError(msg)
            if self._rows_waiting + count > self._pending_rows:
                msg = f"{self._rows_waiting} rows wait for the disk, at most {self._pending_rows}"
                raise LandingFullError(msg)
            self._rows_waiting += count
            self._waiting.append((lines, done))
            self._changed.notify()
        return done

    def close(self) -> None:
        """Write what waits, and end the thread."""
        atexit.unregister(self.close)
        with self._changed:
            self._closed = True
            self._closing.set()
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
            if self._gather_seconds:
                self._closing.wait(self._gather_seconds)
            with self._changed:
                batch, self._waiting = self._waiting, []
                rows, closing = self._rows_waiting, self._closed and not batch
            if closing:
                break
            self._commit(batch)
            with self._changed:
                self._rows_waiting -= rows
        self._end_segment()

    def _commit(self, batch: "list[tuple[bytes, Future[None]]]") -> None:
        """Write a batch, sync, and tell those who wait, whatever happens."""
        failure = None
        try:
            self._current_segment().append(b"".join(lines for lines, _ in batch))
        except OSError as error:
            failure = error
        # Without this thread these, and all who come after them, would wait for ever.
        except Exception as error:
            LOG.exception("rows of %s could not be written", self.folder.name)
            failure = OSError(f"rows of {self.folder.name} could not be written: {error!r}")
        if failure:
            self.failures += 1
            self._end_segment()
        _tell(batch, failure)

    def _current_segment(self) -> Segment:
        now = self._now()
        if self._segment is None or not self._segment.fits(now, self._segment_bytes):
            self._end_segment()
            self._segment = Segment(self.folder, now)
            if self._kept_bytes is not None:
                remove_oldest(self.folder, self._kept_bytes)
        return self._segment

    def _end_segment(self) -> None:
        """Let go of the file, so that the next rows go to a new one."""
        segment, self._segment = self._segment, None
        if segment:
            # Whatever was acknowledged is synced, and a close that fails has closed nevertheless.
            with suppress(OSError):
                segment.close()


def _tell(batch: "list[tuple[bytes, Future[None]]]", error: OSError | None) -> None:
    """Wake those who wait; one that went away has cancelled, and its rows are kept."""
    for _, done in batch:
        if not done.set_running_or_notify_cancel():
            continue
        if error:
            done.set_exception(error)
        else:
            done.set_result(None)
