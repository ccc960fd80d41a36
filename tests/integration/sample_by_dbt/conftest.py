"""The sample, built once by dbt for all tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sample_by_dbt(
    dbt_build: Callable[..., Path], sample_mapping: dict, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Build the sample by dbt alone, with every unit test and data test; copy it to change it."""
    return dbt_build(sample_mapping, tmp_path_factory.mktemp("sample_by_dbt"), "build")
