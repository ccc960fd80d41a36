"""Builds warehouses of small logs, each in a folder of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dbt.cli.main import dbtRunner

PROJECT_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sample_mapping() -> dict:
    """Read the shipped sample's mapping as dbt gets it."""
    text = (PROJECT_ROOT / "mappings" / "sample.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["mapping"]


@pytest.fixture(scope="session")
def dbt_build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Run dbt on a mapping: ``dbt_build(mapping, home, "build", ...)`` gives the warehouse.

    The same mapping in the same home is parsed once.
    """
    targets: dict[tuple[Path, str], Path] = {}

    def build(mapping: dict, home: Path, *arguments: str, **variables: object) -> Path:
        warehouse = home / mapping["name"] / "warehouse.duckdb"
        warehouse.parent.mkdir(parents=True, exist_ok=True)
        told = json.dumps({"mapping": mapping, **variables}, sort_keys=True)
        if (home, told) not in targets:
            targets[home, told] = tmp_path_factory.mktemp("target")
        target = targets[home, told]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TOPSHELF_HOME", str(home))
            patch.chdir(PROJECT_ROOT)
            outcome = dbtRunner().invoke(
                [
                    *(arguments or ("build",)),
                    "--quiet",
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
