"""The feature store of one mapping: open it, bring it up to date, fill its online half.

Feast takes seconds to import, so it is imported by the functions that need it.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feast import FeatureStore
    from feast.feast_object import FeastObject

# Rows sent to the online store in one transaction: readers and memory are spared.
ONLINE_BATCH = 10_000


@dataclass(frozen=True)
class StorePlaces:
    """Where a feature store keeps its files.

    Parameters
    ----------
    mapping : str
        Name of the mapping, [a-z0-9_]+. It prefixes every online key, so that two logs never
        meet in one online store.
    features : Path
        Folder of the Parquet files, one per feature table.
    registry : Path
        File in which Feast remembers the definitions.
    online : Path
        SQLite file of the online store.
    """

    mapping: str
    features: Path
    registry: Path
    online: Path


def open_store(places: StorePlaces) -> "FeatureStore":
    """Open the feature store, without changing anything.

    Parameters
    ----------
    places : StorePlaces
        Its files; they need not exist before `apply`.

    Returns
    -------
    FeatureStore
        Open it once per process: the first read takes a second or two. It may be shared by
        threads that read.
    """
    from feast import FeatureStore, RepoConfig

    places = _absolute(places)
    config = RepoConfig(
        project=f"topshelf_{places.mapping}",
        provider="local",
        registry=str(places.registry),
        # The default offline store, dask, loses rows of the entity frame.
        offline_store={"type": "duckdb"},
        online_store={"type": "sqlite", "path": str(places.online)},
        materialization={"online_write_batch_size": ONLINE_BATCH},
        entity_key_serialization_version=3,
    )
    return FeatureStore(repo_path=str(places.registry.parent), config=config)


def apply(places: StorePlaces) -> "FeatureStore":
    """Bring the registry and the online tables up to the definitions.

    What the definitions no longer name is removed, with its online values. Nothing changes when
    they are the same; online values stay.

    Parameters
    ----------
    places : StorePlaces
        The files of the store; missing folders are created.

    Returns
    -------
    FeatureStore
        The open store.
    """
    from feature_repo.definitions import build_objects

    places = _absolute(places)
    for file in (places.registry, places.online):
        file.parent.mkdir(parents=True, exist_ok=True)
    _let_readers_read(places.online)
    store = open_store(places)
    wanted = build_objects(places.features)
    store.apply(wanted, objects_to_delete=_forgotten(store, wanted), partial=False)
    return store


def materialize(
    store: "FeatureStore", feature_at: datetime, views: Sequence[str] | None = None
) -> None:
    """Copy the rows of one moment to the online store.

    Repeating it changes nothing. Rows of earlier moments are overwritten; those of entities that
    have no row at `feature_at` remain and expire.

    Parameters
    ----------
    store : FeatureStore
        Store to which `apply` was called.
    feature_at : datetime
        Moment to serve from; without a time zone it is UTC.
    views : sequence of str, optional
        Names of the views to copy; all when left out.
    """
    moment = feature_at.replace(tzinfo=feature_at.tzinfo or UTC)
    # Feast prints a progress bar per view.
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        store.materialize(moment, moment, feature_views=None if views is None else list(views))


def _forgotten(store: "FeatureStore", wanted: "list[FeastObject]") -> "list[FeastObject]":
    """List what the registry holds beside the wanted objects."""
    known: list[FeastObject] = [
        *store.list_feature_services(),
        *store.list_feature_views(),
        *store.list_entities(),
        *store.list_data_sources(),
    ]
    names = {(type(thing), thing.name) for thing in wanted}
    return [thing for thing in known if (type(thing), thing.name) not in names]


def _absolute(places: StorePlaces) -> StorePlaces:
    """Resolve the paths: Feast takes relative ones from several different folders."""
    return StorePlaces(
        mapping=places.mapping,
        features=places.features.resolve(),
        registry=places.registry.resolve(),
        online=places.online.resolve(),
    )


def _let_readers_read(online: Path) -> None:
    """Keep a write-ahead log: otherwise a reader fails while a large batch is written."""
    with closing(sqlite3.connect(online)) as connection:
        connection.execute("pragma journal_mode = wal")
