"""What assets need from outside: the mapped log, the warehouse, the feature store."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import pandas as pd
from pydantic import PrivateAttr

from feature_repo.store import StorePlaces, apply, open_store
from orchestration.mapping import Mapping, dbt_vars, load_mapping
from orchestration.places import Places
from orchestration.reviewed import ReviewedSettings, load_reviewed
from orchestration.run_lock import only_run
from orchestration.settings import Settings
from orchestration.warehouse_lock import in_use_error

if TYPE_CHECKING:
    from feast import FeatureStore

Blocks = Callable[[duckdb.DuckDBPyConnection], Iterator[pd.DataFrame]]
NamedBlocks = Callable[[duckdb.DuckDBPyConnection], Iterator[tuple[str, pd.DataFrame]]]


class MappedLog(dg.ConfigurableResource):
    """The log that is worked on, and where everything made from it lies.

    Its mapping and its settings are read once: a run has a log of its own, and what is edited
    meanwhile is for the next one.
    """

    home: str
    mapping: str
    project_root: str
    tracking_uri: str = ""
    online_store: str = ""
    kept_releases: int = Settings.kept_releases
    promotes_itself: bool = Settings.promotes_itself
    _mapping: Mapping | None = PrivateAttr(default=None)
    _reviewed: ReviewedSettings | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["MappedLog"]:
        """Keep other runs off the same log as long as this one lasts."""
        with only_run(self.places().home, context.run.run_id if context.run else "none"):
            yield self

    def settings(self) -> Settings:
        """Return the settings that this resource was made from."""
        return Settings(
            home=Path(self.home),
            mapping=self.mapping,
            project_root=Path(self.project_root),
            tracking_uri=self.tracking_uri,
            online_store=self.online_store,
            kept_releases=self.kept_releases,
            promotes_itself=self.promotes_itself,
        )

    def read(self) -> Mapping:
        """Return the mapping, as it was when it was asked for first."""
        if self._mapping is None:
            self._mapping = load_mapping(self.mapping, Path(self.project_root))
        return self._mapping

    def reviewed(self) -> ReviewedSettings:
        """Return the settings that were reviewed for this log, as they were likewise."""
        if self._reviewed is None:
            self._reviewed = load_reviewed(self.read(), Path(self.project_root))
        return self._reviewed

    def dbt_vars(self) -> dict[str, Any]:
        """Return what dbt is told of this log."""
        return dbt_vars(self.read(), self.reviewed().sql)

    def places(self) -> Places:
        """Return the files of this log."""
        return self.settings().places(self.read().name)


class Warehouse(dg.ConfigurableResource):
    """The DuckDB file that dbt builds. One process at a time may have it open to write."""

    log: dg.ResourceDependency[MappedLog]
    # A reader or a run that is just ending lets go of the file within this time.
    patience_seconds: float = 30.0

    @contextmanager
    def connect(self, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse, in UTC, for the length of a `with` block.

        Raises
        ------
        WarehouseInUseError
            If another process still holds the file after `patience_seconds`.
        """
        connection = self._open(read_only)
        try:
            connection.execute("set timezone = 'UTC'")
            # The mapped views name files; dbt was in this folder when it made them.
            root = self.log.project_root.replace("'", "''")
            connection.execute(f"set file_search_path = '{root}'")
            yield connection
        finally:
            connection.close()

    def read(self, query: str, parameters: list[object] | None = None) -> pd.DataFrame:
        """Run a query and fetch its rows."""
        with self.connect() as connection:
            return connection.execute(query, parameters).df()

    def replace(self, table: str, frame: pd.DataFrame) -> int:
        """Write `frame` as the whole content of an existing table, or change nothing.

        Returns
        -------
        int
            Rows written.
        """
        return self.replace_by_blocks(table, lambda _: iter([frame]))

    def replace_by_blocks(self, table: str, blocks: Blocks) -> int:
        """Write frames, one after the other, as the whole content of a table, or change nothing.

        Parameters
        ----------
        table : str
            `schema.table`; it exists, and keeps its columns and types.
        blocks : callable
            Gets a connection to read from, which sees the warehouse as it was before, and yields
            frames with the columns of the table in any order.

        Returns
        -------
        int
            Rows written.
        """
        counts = self.replace_together(
            [table], lambda connection: ((table, block) for block in blocks(connection))
        )
        return counts[table]

    def replace_together(self, tables: list[str], blocks: NamedBlocks) -> dict[str, int]:
        """Write the whole content of several tables in one transaction, or change nothing.

        Parameters
        ----------
        tables : list of str
            As `schema.table`; they exist, and keep their columns and types.
        blocks : callable
            Gets a connection to read from, which sees the warehouse as it was before, and yields
            a table and a frame with its columns in any order.

        Returns
        -------
        dict of str to int
            Rows written to each table.
        """
        counts = dict.fromkeys(tables, 0)
        with self.connect(read_only=False) as connection:
            connection.begin()
            for table in tables:
                connection.execute(f"create or replace table {table} as from {table} limit 0")
            with connection.cursor() as reading:
                reading.execute("set timezone = 'UTC'")
                for table, block in blocks(reading):
                    connection.register("block", block)
                    connection.execute(f"insert into {table} by name select * from block")
                    connection.unregister("block")
                    counts[table] += len(block)
            connection.commit()
        return counts

    def _open(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + self.patience_seconds
        path = self.log.places().warehouse
        while True:
            try:
                return duckdb.connect(str(path), read_only=read_only)
            except duckdb.IOException as error:
                in_use = in_use_error(path, error)
                if in_use is None:
                    raise
                if time.monotonic() > deadline:
                    raise in_use from error
            time.sleep(0.5)


class Features(dg.ConfigurableResource):
    """The feature store of the log; Feast is imported when it is first opened."""

    log: dg.ResourceDependency[MappedLog]

    def apply(self) -> "FeatureStore":
        """Bring the store up to its definitions, and open it."""
        return apply(self._places())

    def open(self) -> "FeatureStore":
        """Open the store as it was last applied."""
        return open_store(self._places())

    def _places(self) -> StorePlaces:
        places = self.log.places()
        return StorePlaces(
            mapping=self.log.read().name,
            features=places.features,
            registry=places.feature_registry,
            online=places.online_store,
            redis=self.log.online_store,
        )


def resources_of(settings: Settings) -> dict[str, Any]:
    """Make what the assets of the graph need, for the log and the places that `settings` name."""
    # What is configured at launch is made once a run, and is the same for all that need it; a
    # resource that is whole would be copied into each of the others, and read again by each.
    log = MappedLog.configure_at_launch(
        home=str(settings.home),
        mapping=settings.mapping,
        project_root=str(settings.project_root),
        tracking_uri=settings.tracking_uri,
        online_store=settings.online_store,
        kept_releases=settings.kept_releases,
        promotes_itself=settings.promotes_itself,
    )
    return {"log": log, "warehouse": Warehouse(log=log), "features": Features(log=log)}
