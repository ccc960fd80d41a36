"""Releases to open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.releases.writing import writing_release
from tests.unit.serving.small_release import ITEMS, TOLD, USERS, fill


@pytest.fixture
def make_release(tmp_path: Path) -> Callable[..., Path]:
    """Give `make_release(release_id, users, items)`, which returns the folder of a release."""

    def make(release_id: str = "r1", users: list[str] = USERS, items: list[str] = ITEMS) -> Path:
        with writing_release(tmp_path / "releases", release_id) as writer:
            fill(writer, users, items)
            writer.finish({**TOLD, "release_id": release_id})
        return tmp_path / "releases" / release_id

    return make
