"""An online store for Feast: a SQLite table per view, with a row per entity.

Feast's own SQLite store keeps a row per entity and feature, takes stored moments for local time
and cuts them to seconds, never forgets an entity, and shows a half-written batch.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from feast import Entity, FeatureView, Field, RepoConfig, ValueType
from feast.infra.online_stores.online_store import OnlineStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.repo_config import FeastConfigBaseModel

from feature_repo.recent_events import FILE, VIEW

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = "feature_at"
# Column type in SQLite and member of Feast's value, by the types that dbt contracts use here.
TYPES = {
    ValueType.BOOL: ("integer", "bool_val"),
    ValueType.DOUBLE: ("real", "double_val"),
    ValueType.INT64: ("integer", "int64_val"),
    ValueType.STRING: ("text", "string_val"),
}

EntityRow = tuple[EntityKey, dict[str, Value], datetime, datetime | None]


class TableOnlineStoreConfig(FeastConfigBaseModel):
    """Settings of the store, as Feast reads them."""

    type: Literal["feature_repo.online_store.TableOnlineStore"] = (
        "feature_repo.online_store.TableOnlineStore"
    )
    path: str


class TableOnlineStore(OnlineStore):
    """One SQLite file of one project: a table per view, named after it, with its join keys.

    Further columns are `feature_at` (microseconds since 1970 in UTC) and the features. Recent
    events, which are pushed at any moment, have a file of their own beside it: filling the others
    takes one transaction, which keeps other writers out.
    """

    def __init__(self) -> None:
        # A transaction belongs to a connection: with one per thread, readers do not meet.
        self._local = threading.local()

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[EntityRow],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Write rows, in place of rows of the same entities."""
        columns = _columns(table)
        rows = []
        for key, values, moment, _created_at in data:
            cells = {**dict(zip(key.join_keys, key.entity_values, strict=True)), **values}
            row = {name: _from_value(cell) for name, cell in cells.items()}
            rows.append([*(row.get(name) for name in columns if name != MOMENT), _stored(moment)])
        names = ", ".join(_quoted(name) for name in columns)
        marks = ", ".join("?" * len(columns))
        connection = self._connect(config, table.name)
        with nullcontext() if connection.in_transaction else _transaction(connection):
            connection.executemany(
                f"insert or replace into {_quoted(table.name)} ({names}) values ({marks})", rows
            )
        if progress:
            progress(len(rows))

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[tuple[datetime | None, dict[str, Value] | None]]:
        """Read the rows of some entities, in their order; two times None for a stranger."""
        keys = list(table.join_keys)
        fields = [
            field
            for field in table.features
            if requested_features is None or field.name in requested_features
        ]
        wanted = [_key(entity_key, keys) for entity_key in entity_keys]
        names = ", ".join(_quoted(name) for name in [*keys, MOMENT, *(f.name for f in fields)])
        joins = ", ".join(_quoted(key) for key in keys)
        marks = ", ".join([f"({', '.join('?' * len(keys))})"] * len(wanted))
        found = self._connect(config, table.name).execute(
            f"with wanted ({joins}) as (values {marks})"
            f" select {names} from wanted inner join {_quoted(table.name)} using ({joins})",
            [value for key in wanted for value in key],
        )
        rows = {row[: len(keys)]: row[len(keys) :] for row in found}
        return [_answer(rows.get(key), fields) for key in wanted]

    def update(
        self,
        config: RepoConfig,
        tables_to_delete: Sequence[FeatureView],
        tables_to_keep: Sequence[FeatureView],
        entities_to_delete: Sequence[Entity],
        entities_to_keep: Sequence[Entity],
        partial: bool,
    ) -> None:
        """Create the tables of the views; one whose columns changed loses its rows."""
        self.teardown(config, tables_to_delete, entities_to_delete)
        for table in tables_to_keep:
            connection = self._connect(config, table.name)
            columns = _columns(table)
            found = connection.execute(
                "select name, lower(type) from pragma_table_info(?)", [table.name]
            )
            if dict(found.fetchall()) == columns:
                continue
            described = ", ".join(f"{_quoted(name)} {kind}" for name, kind in columns.items())
            keys = ", ".join(_quoted(key) for key in table.join_keys)
            connection.execute(f"drop table if exists {_quoted(table.name)}")
            connection.execute(
                f"create table {_quoted(table.name)} ({described}, primary key ({keys}))"
                " without rowid"
            )

    def teardown(
        self, config: RepoConfig, tables: Sequence[FeatureView], entities: Sequence[Entity]
    ) -> None:
        """Remove the tables of the views."""
        for table in tables:
            connection = self._connect(config, table.name)
            connection.execute(f"drop table if exists {_quoted(table.name)}")

    @contextmanager
    def replacing(self, config: RepoConfig, views: Sequence[str]) -> Iterator[None]:
        """Empty the tables of some views to be filled anew: readers see all of it, or nothing.

        An error leaves everything as it was.
        """
        connection = self._connect(config)
        with _transaction(connection):
            for view in views:
                connection.execute(f"delete from {_quoted(view)}")
            yield

    @contextmanager
    def reading(self, config: RepoConfig) -> Iterator[None]:
        """Read several views as they were at one time."""
        connection = self._connect(config)
        connection.execute("begin")
        try:
            yield
        finally:
            connection.execute("commit")

    def row_count(self, config: RepoConfig, view: str) -> int:
        """Count the entities of a view."""
        counted = self._connect(config, view).execute(f"select count(*) from {_quoted(view)}")
        return int(counted.fetchone()[0])

    def _connect(self, config: RepoConfig, view: str = "") -> sqlite3.Connection:
        """Open a view's file once per thread. With its write-ahead log readers never wait."""
        name = "recent" if view == VIEW else "connection"
        if not hasattr(self._local, name):
            path = Path(config.online_store.path)
            file = path.with_name(FILE) if view == VIEW else path
            connection = sqlite3.connect(file, isolation_level=None)
            connection.execute("pragma journal_mode = wal")
            setattr(self._local, name, connection)
        return getattr(self._local, name)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything, or leave everything as it was."""
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _columns(table: FeatureView) -> dict[str, str]:
    """Columns of a view's table and their types, `feature_at` last."""
    fields = [*table.entity_columns, *table.features]
    return {**{field.name: _kind(field)[0] for field in fields}, MOMENT: "integer"}


def _kind(field: Field) -> tuple[str, str]:
    """Types of a field."""
    kind = field.dtype.to_value_type()
    if kind not in TYPES:
        msg = f"{field.name} is a {kind.name}; the online store keeps {[k.name for k in TYPES]}"
        raise TypeError(msg)
    return TYPES[kind]


def _key(entity_key: EntityKey, keys: list[str]) -> tuple[object, ...]:
    """Values of an entity's join keys, in the order of the table's."""
    values = dict(zip(entity_key.join_keys, entity_key.entity_values, strict=True))
    return tuple(_from_value(values[key]) for key in keys)


def _answer(
    row: tuple[Any, ...] | None, fields: list[Field]
) -> tuple[datetime | None, dict[str, Value] | None]:
    """Turn a row of `feature_at` and features into what Feast expects."""
    if row is None:
        return None, None
    # A null leaves the value unset, which is null to Feast.
    values = {
        field.name: Value(**{_kind(field)[1]: cell})
        for field, cell in zip(fields, row[1:], strict=True)
    }
    return EPOCH + timedelta(microseconds=row[0]), values


def _from_value(value: Value) -> object:
    """Take the Python value out of Feast's; None if there is none."""
    member = value.WhichOneof("val")
    return None if member is None or member == "null_val" else getattr(value, member)


def _stored(moment: datetime) -> int:
    """Microseconds since 1970; a moment without a time zone is UTC."""
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH) // timedelta(microseconds=1)


def _quoted(name: str) -> str:
    """Quote a name for SQLite."""
    return '"' + name.replace('"', '""') + '"'
