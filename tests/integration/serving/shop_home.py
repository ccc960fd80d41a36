"""A home in which the invented shop was released, and micro-batches can be made for it."""

from pathlib import Path

import dagster as dg
import duckdb

from feature_repo.definitions import build_views
from feature_repo.store import StorePlaces, apply
from orchestration.assets.refreshing import refreshed_rows
from orchestration.resources import Features, MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT, Settings
from tests.integration.feature_store.rows import feature_rows
from tests.unit.serving.lists_asked import point
from tests.unit.serving.shop_release import make_shop

MACRO = PROJECT_ROOT / "macros" / "create_ml_tables.sql"


def make_home(home: Path, online_store: str = "") -> Settings:
    """Make a release, a feature store, and a warehouse with nothing but the tables of batches."""
    settings = Settings(home=home, online_store=online_store)
    places = settings.places("sample")
    places.make_folders()
    make_shop(places.releases)
    point(places.home, "shop-1")
    for view in build_views(places.features):
        feature_rows(view).to_parquet(view.batch_source.path)
    apply(store_places(settings))
    text = MACRO.read_text(encoding="utf-8")
    with duckdb.connect(str(places.warehouse)) as connection:
        connection.execute("create schema ml")
        for table in ("refreshed_lists", "refreshed_activity"):
            start = text.index(f"create table if not exists ml.{table}")
            connection.execute(text[start : text.index(";", start)])
    return settings


def store_places(settings: Settings) -> StorePlaces:
    """Return where the feature store of the home is."""
    places = settings.places("sample")
    return StorePlaces(
        "sample",
        places.features,
        places.feature_registry,
        places.online_store,
        settings.online_store,
    )


def make_batch(settings: Settings) -> bool:
    """Make a micro-batch, as the sensor's job does; return whether it came to its end."""
    log = MappedLog(
        home=str(settings.home),
        mapping=settings.mapping,
        project_root=str(settings.project_root),
        online_store=settings.online_store,
    )
    resources = {"log": log, "warehouse": Warehouse(log=log), "features": Features(log=log)}
    return dg.materialize([refreshed_rows], resources=resources, raise_on_error=False).success
