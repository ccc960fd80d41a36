"""The feature store of one mapping: open it, bring it up to date, fill its online half.

Feast takes seconds to import, so it is imported by the functions that need it.
"""

import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from feast import FeatureStore, FeatureView, FileSource
    from feast.feast_object import FeastObject

    from feature_repo.online_store import TableOnlineStore

# Rows sent to the online store at a time: bounds the memory.
ONLINE_BATCH = 10_000


@dataclass(frozen=True)
class StorePlaces:
    """Where a feature store keeps its files.

    Parameters
    ----------
    mapping : str
        Name of the mapping, [a-z0-9_]+.
    features : Path
        Folder of the Parquet files, one per feature table.
    registry : Path
        File in which Feast remembers the definitions.
    online : Path
        SQLite file of the online store.
    redis : str
        Address of a Redis server that is the online store instead, `redis://…`; empty for none.
    """

    mapping: str
    features: Path
    registry: Path
    online: Path
    redis: str = ""


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
    from feature_repo.unchecked import leave_types_unchecked

    leave_types_unchecked()
    # Feast switches on the deprecation warnings of all libraries; this switches them back.
    with warnings.catch_warnings():
        from feast import FeatureStore, RepoConfig

    places = _absolute(places)
    config = RepoConfig(
        project=f"topshelf_{places.mapping}",
        provider="local",
        registry=str(places.registry),
        # The default offline store, dask, loses rows of the entity frame.
        offline_store={"type": "duckdb"},
        online_store=_online_store(places),
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
    places = _absolute(places)
    for file in (places.registry, places.online):
        file.parent.mkdir(parents=True, exist_ok=True)
    # Feast writes a registry in place, and a reader may meet the half of it.
    building = places.registry.with_name(f"{places.registry.name}.building")
    building.unlink(missing_ok=True)
    if places.registry.exists():
        shutil.copyfile(places.registry, building)
    store = open_store(replace(places, registry=building))

    from feature_repo.definitions import build_objects

    wanted = build_objects(places.features)
    store.apply(wanted, objects_to_delete=_forgotten(store, wanted), partial=False)
    building.replace(places.registry)
    return open_store(places)


def materialize(
    store: "FeatureStore", feature_at: datetime, views: Sequence[str] | None = None
) -> dict[str, int]:
    """Let the online store hold the rows of one moment, and no others.

    Readers see the former rows until all new ones are there. An error leaves the former ones;
    repeating it changes nothing. On a Redis server new rows appear one after the other, and those
    of entities that have no new row expire.

    Parameters
    ----------
    store : FeatureStore
        Store to which `apply` was called.
    feature_at : datetime
        Moment to serve from; without a time zone it is UTC.
    views : sequence of str, optional
        Names of the views to fill; all when left out. The others stay as they are.

    Returns
    -------
    dict of str to int
        Rows by view.

    Raises
    ------
    ValueError
        If no view has a row at `feature_at` although the online store holds some: it would be
        emptied.
    """
    moment = feature_at.replace(tzinfo=feature_at.tzinfo or UTC).astimezone(UTC)
    # What the online application pushes is not filled from here.
    known = [view for view in store.list_feature_views() if view.stream_source is None]
    names = list(views or [view.name for view in known])
    wanted = [view for view in known if view.name in names]
    if has_redis(store):
        return {view.name: _send_rows(store, view, moment) for view in wanted}
    online = cast("TableOnlineStore", store.provider.online_store)
    held = sum(online.row_count(store.config, name) for name in names)
    with online.replacing(store.config, names):
        for view in wanted:
            _copy_rows(store, view, moment)
        counts = {name: online.row_count(store.config, name) for name in names}
        if held and not any(counts.values()):
            msg = f"no row of {names} has the feature_at {moment.isoformat()}"
            raise ValueError(msg)
    return counts


def has_redis(store: "FeatureStore") -> bool:
    """Tell whether a Redis server is the online store."""
    return store.config.online_store.type == "redis"


def _online_store(places: StorePlaces) -> dict[str, object]:
    """Configure the online store."""
    if not places.redis:
        return {
            "type": "feature_repo.online_store.TableOnlineStore",
            "path": str(places.online),
        }
    address = urlsplit(places.redis)
    options = {"db": address.path.strip("/"), "password": address.password}
    options["ssl"] = "true" if address.scheme == "rediss" else None
    parts = [f"{address.hostname}:{address.port or 6379}"]
    parts += [f"{name}={value}" for name, value in options.items() if value]
    # Feast would pass over rows of a moment that it has: a run that is repeated changes them.
    return {"type": "redis", "connection_string": ",".join(parts), "skip_dedup": True}


def _send_rows(store: "FeatureStore", view: "FeatureView", moment: datetime) -> int:
    """Copy the rows of one view to a server; those of other moments stay until their ttl is over.

    Readers may see some new rows beside some former ones.
    """
    from pyarrow import dataset, scalar, timestamp

    rows = dataset.dataset(cast("FileSource", view.batch_source).path)
    at = dataset.field("feature_at").cast(timestamp("us", "UTC"))
    _copy_rows(store, view, moment)
    return rows.count_rows(filter=at == scalar(moment, timestamp("us", "UTC")))


def _copy_rows(store: "FeatureStore", view: "FeatureView", moment: datetime) -> None:
    """Copy the rows of one view and moment.

    `store.materialize` would do more: it prints a progress bar, and marks the view in the
    registry as one that must not be read meanwhile.
    """
    store.provider.materialize_single_feature_view(
        config=store.config,
        feature_view=view,
        start_date=moment,
        end_date=moment,
        registry=store.registry,
        project=store.project,
        tqdm_builder=cast("Any", None),
    )


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
    return replace(
        places,
        features=places.features.resolve(),
        registry=places.registry.resolve(),
        online=places.online.resolve(),
    )
