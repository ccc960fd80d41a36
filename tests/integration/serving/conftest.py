"""Servers that several tests use."""

from collections.abc import Iterator

import pytest

from tests.integration.serving.redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Start a Redis server for the whole session; do not kill this one."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()
