"""Recent events in SQLite: the table that `TableOnlineStore` keeps for their view."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from feature_repo.recent_events import FEATURE, KEY, VIEW, RecentEvent, decoded, encoded, merged

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

    is_near = True

    def __init__(self, path: Path, patience_seconds: float = 0.2) -> None:
        self._path, self._patience = path, patience_seconds
        # A transaction belongs to a connection: with one per thread, readers do not meet.
        self._local = threading.local()

    def add(self, events: Mapping[str, Sequence[RecentEvent]]) -> None:
        """Add events by user; one that is known already changes nothing."""
        with self._connected() as connection:
            connection.execute("begin immediate")
            try:
                for user_id, added in sorted(events.items()):
                    known = self._read(connection, user_id)
                    rows = merged(known, added)
                    newest = round(rows[-1].occurred_at * 1e6) if rows else 0
                    connection.execute(WRITE, (user_id, encoded(rows), newest))
            except BaseException:
                connection.execute("rollback")
                raise
            connection.execute("commit")

    def read(self, user_id: str) -> list[RecentEvent]:
        """Return the events of a user, oldest first; none for a stranger."""
        with self._connected() as connection:
            return self._read(connection, user_id)

    def close(self) -> None:
        """Close the connection of this thread; those of others end with their threads."""
        connection = getattr(self._local, "connection", None)
        if connection:
            connection.close()
            del self._local.connection

    def _read(self, connection: sqlite3.Connection, user_id: str) -> list[RecentEvent]:
        row = connection.execute(READ, (user_id,)).fetchone()
        return decoded(row[0]) if row and row[0] else []

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Open the file once per thread, and let its errors be an `OSError`."""
        try:
            if not hasattr(self._local, "connection"):
                self._local.connection = self._connect()
            yield self._local.connection
        except sqlite3.Error as error:
            # A file that was replaced or removed is opened anew by the next call.
            self.close()
            msg = f"{self._path} cannot be used: {error}"
            raise OSError(msg) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
        connection.execute("pragma journal_mode = wal")
        # What is lost with the power is still in the landing log.
        connection.execute("pragma synchronous = normal")
        connection.execute(CREATE)
        return connection
