"""Recent events in SQLite: the table that `TableOnlineStore` keeps for their view."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from feature_repo.recent_events import (
    FEATURE,
    KEY,
    VIEW,
    EventsReader,
    RecentEvent,
    decoded,
    encoded,
    merged,
)

# As `TableOnlineStore.update` would make it: the one that comes first does.
CREATE = f"""
    create table if not exists "{VIEW}" (
        "{KEY}" text, "{FEATURE}" text, "feature_at" integer, primary key ("{KEY}")
    ) without rowid
"""
READ = f'select "{FEATURE}" from "{VIEW}" where "{KEY}" = ?'
WRITE = f'insert or replace into "{VIEW}" ("{KEY}", "{FEATURE}", "feature_at") values (?, ?, ?)'


class SqliteRecentEvents:
    """Recent events in a file that all processes of one machine share.

    Parameters
    ----------
    path : Path
        The file. It is not the one of the other features: a transaction that fills those would
        keep events out for as long as it lasts.
    patience_seconds : float
        How long another writer is waited for.
    """

    def __init__(self, path: Path, patience_seconds: float = 0.2) -> None:
        self._path, self._patience = path, patience_seconds
        # A transaction belongs to a connection: with one per thread, readers do not meet.
        self._local = threading.local()
        self._reader = EventsReader(decoded)

    def add(self, events: Mapping[str, Sequence[RecentEvent]]) -> None:
        """Add events by user; one that is known already changes nothing.

        What is stored of them and cannot be read is replaced.
        """
        with self._connected() as connection:
            connection.execute("begin immediate")
            try:
                for user_id, added in sorted(events.items()):
                    known = self._reader.read_to_replace(user_id, _stored(connection, user_id))
                    rows = merged(known, added)
                    newest = round(rows[-1].occurred_at * 1e6) if rows else 0
                    connection.execute(WRITE, (user_id, encoded(rows), newest))
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def read(self, user_id: str) -> list[RecentEvent]:
        """Return the events of a user, oldest first; none for a stranger.

        Raises
        ------
        UnreadableEventsError
            If what is stored of this user cannot be read.
        """
        with self._connected() as connection:
            return self._reader.read(user_id, _stored(connection, user_id))

    def read_at_once(self, user_id: str) -> list[RecentEvent] | None:
        """Return what `read` does if nothing has to be waited for, else None.

        Who writes into the file holds nobody up who reads it. Who opens it for the first time, or
        copies it, does.
        """
        try:
            with self._connected(patience=0.0) as connection:
                return self._reader.read(user_id, _stored(connection, user_id))
        except OSError:
            return None

    def close(self) -> None:
        """Close the connections of this thread; those of others end with their threads."""
        opened = self._opened()
        while opened:
            opened.popitem()[1].close()

    @contextmanager
    def _connected(self, patience: float | None = None) -> Iterator[sqlite3.Connection]:
        """Open the file once per thread and patience, and let its errors be an `OSError`."""
        opened = self._opened()
        seconds = self._patience if patience is None else patience
        try:
            if seconds not in opened:
                opened[seconds] = self._connect(seconds)
            yield opened[seconds]
        except sqlite3.Error as error:
            # A file that was replaced or removed is opened anew by the next call.
            self.close()
            msg = f"{self._path} cannot be used: {error}"
            raise OSError(msg) from error

    def _opened(self) -> dict[float, sqlite3.Connection]:
        """Return the connections of this thread, by their patience."""
        if not hasattr(self._local, "connections"):
            self._local.connections = {}
        opened: dict[float, sqlite3.Connection] = self._local.connections
        return opened

    def _connect(self, patience: float) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=patience, isolation_level=None)
        # A text that is no UTF-8 is the fault of one row, and would look like one of the file.
        connection.text_factory = bytes
        connection.execute("pragma journal_mode = wal")
        # What is lost with the power is still in the landing log.
        connection.execute("pragma synchronous = normal")
        connection.execute(CREATE)
        return connection


def _stored(connection: sqlite3.Connection, user_id: str) -> bytes | None:
    row = connection.execute(READ, (user_id,)).fetchone()
    return row[0] if row else None
