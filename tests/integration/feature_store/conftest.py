"""A feature store over literal rows, without a network."""

import pytest

from feature_repo.definitions import build_views
from feature_repo.store import StorePlaces, apply
from tests.integration.feature_store.rows import feature_rows


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    home = tmp_path_factory.mktemp("store")
    places = StorePlaces("test", home / "features", home / "registry.db", home / "online.db")
    places.features.mkdir()
    for view in build_views(places.features):
        feature_rows(view).to_parquet(view.batch_source.path)
    return places


@pytest.fixture(scope="module")
def store(places):
    return apply(places)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Fail a test that talks to the network, even where the library swallows the error."""
    attempts = []

    def refuse(_socket, address):
        attempts.append(address)
        raise OSError

    monkeypatch.setattr("socket.socket.connect", refuse)
    yield
    assert attempts == []
