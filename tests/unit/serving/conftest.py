"""Releases to open, and applications that answer from them."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from orchestration.releases.writing import writing_release
from serving.app import create_app
from serving.settings import ServingSettings
from tests.unit.serving.lists_asked import point
from tests.unit.serving.shop_release import make_shop
from tests.unit.serving.small_release import ITEMS, TOLD, USERS, fill

Clock = Callable[[], datetime]


@pytest.fixture
def make_release(tmp_path: Path) -> Callable[..., Path]:
    """Give `make_release(release_id, users, items)`, which returns the folder of a release."""

    def make(release_id: str = "r1", users: list[str] = USERS, items: list[str] = ITEMS) -> Path:
        with writing_release(tmp_path / "releases", release_id) as writer:
            fill(writer, users, items)
            writer.finish({**TOLD, "release_id": release_id})
        return tmp_path / "releases" / release_id

    return make


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home of a shop with a live release; tests do not change it."""
    home = tmp_path_factory.mktemp("shop")
    make_shop(home / "releases")
    point(home, "shop-1")
    return home


@pytest.fixture
def serving() -> Iterator[Callable[..., TestClient]]:
    """Give `serving(home, now, **settings)`, a client of an application that is ready."""
    clients: list[TestClient] = []

    def start(home: Path, now: Clock = lambda: datetime.now(UTC), **chosen: object) -> TestClient:
        chosen = {"rank_seconds": 20.0, "store_seconds": 5.0, **chosen}
        app = create_app(ServingSettings(home, **chosen), now)
        client = TestClient(app, raise_server_exceptions=False).__enter__()
        clients.append(client)
        while client.get("/readyz").status_code == 503:
            time.sleep(0.02)
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)
