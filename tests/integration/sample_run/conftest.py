"""The whole way on the sample, run once for all tests of this folder."""

import os

import pytest

from orchestration.places import Places
from orchestration.settings import Settings
from tests.integration.runs import command, finish, kill_during


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Return where the run of `summary` leaves everything."""
    return Settings(home=tmp_path_factory.mktemp("home")).places("sample")


@pytest.fixture(scope="session")
def environment(places: Places) -> dict[str, str]:
    """Return the environment of the processes of that run."""
    return {**os.environ, "TOPSHELF_HOME": str(places.home.parent), "TOPSHELF_MAPPING": "sample"}


@pytest.fixture(scope="session")
def summary(places: Places, environment: dict[str, str]) -> dict:
    """Kill the first run of all, then run the whole graph on the sample to its end."""
    assert kill_during(command("run"), environment, 15.0)
    assert not places.snapshot.exists()
    return finish(environment)
