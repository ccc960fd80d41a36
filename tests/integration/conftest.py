"""Builds warehouses of small logs, each in a folder of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

PROJECT_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sample_mapping() -> dict:
    """Read the shipped sample's mapping as dbt gets it."""
    text = (PROJECT_ROOT / "mappings" / "sample.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["mapping"]


@pytest.fixture(scope="session")
def dbt_parse(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Manifest]:
    """Parse the project: ``dbt_parse("--vars", ...)`` gives the manifest."""

    def parse(*arguments: str) -> Manifest:
        target = str(tmp_path_factory.mktemp("target"))
        folders = ["--target-path", target, "--log-path", target]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(PROJECT_ROOT)
            outcome = dbtRunner().invoke(["parse", "--quiet", *folders, *arguments])
        assert outcome.success, outcome.exception
        return outcome.result

    return parse


@pytest.fixture(scope="session")
def manifest(dbt_parse: Callable[..., Manifest]) -> Manifest:
    """Parse the project once: what a mapping says is put into its SQL when that runs."""
    return dbt_parse()


@pytest.fixture(scope="session")
def dbt_build(manifest: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Run dbt on a mapping: ``dbt_build(mapping, home, "build", ...)`` gives the warehouse."""
    target = tmp_path_factory.mktemp("target")

    def build(mapping: dict, home: Path, *arguments: str, **variables: object) -> Path:
        warehouse = home / mapping["name"] / "warehouse.duckdb"
        warehouse.parent.mkdir(parents=True, exist_ok=True)
        told = json.dumps({"mapping": mapping, **variables})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TOPSHELF_HOME", str(home))
            patch.chdir(PROJECT_ROOT)
            outcome = dbtRunner(manifest=manifest.deepcopy()).invoke(
                [
                    *(arguments or ("build",)),
                    "--quiet",
                    *("--target", "in_process"),
                    *("--target-path", str(target)),
                    *("--log-path", str(target)),
                    *("--vars", told),
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
