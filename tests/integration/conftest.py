"""Builds warehouses of small logs, each in a folder of its own."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dbt.cli.main import dbtRunner

from orchestration.settings import Places, Settings
from tests.integration.runs import command, finish, kill_during

PROJECT_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sample_mapping() -> dict:
    """Read the shipped sample's mapping as dbt gets it."""
    text = (PROJECT_ROOT / "mappings" / "sample.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["mapping"]


@pytest.fixture(scope="session")
def dbt_build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Run dbt on a mapping: ``dbt_build(mapping, home, "build", ...)`` gives the warehouse."""

    def build(mapping: dict, home: Path, *arguments: str, **variables: object) -> Path:
        warehouse = home / mapping["name"] / "warehouse.duckdb"
        warehouse.parent.mkdir(parents=True, exist_ok=True)
        target = tmp_path_factory.mktemp("target")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TOPSHELF_HOME", str(home))
            patch.chdir(PROJECT_ROOT)
            outcome = dbtRunner().invoke(
                [
                    *(arguments or ("build",)),
                    "--quiet",
                    *("--target-path", str(target)),
                    *("--log-path", str(target)),
                    *("--vars", json.dumps({"mapping": mapping, **variables})),
                ]
            )
        if not outcome.success:
            messages = [
                f"{result.node.name}: {result.message}"
                for result in getattr(outcome.result, "results", [])
                if str(result.status) in {"error", "fail"}
            ]
            raise RuntimeError("\n".join(messages) or str(outcome.exception))
        return warehouse

    return build


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
