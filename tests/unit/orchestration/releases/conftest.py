"""Releases whose lists, exclusions and measures a test chooses."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from orchestration.releases.signature import Signature
from orchestration.releases.writing import ReleaseWriter, writing_release
from tests.unit.serving.small_release import ITEMS, TOLD, fill, write_rows

USERS = ["ann", "bob"]
# Two items a list; everything is popular, so there are always two left to show.
LISTS = [[2, 3], [0, 1]]
EXCLUDED = [[0, 1], []]


def replace_array(writer: ReleaseWriter, name: str, values: np.ndarray) -> None:
    (writer.folder / f"{name}.npy").unlink()
    writer.whole(name, np.asarray(values))


def replace_rows(writer: ReleaseWriter, table: str, owners: list[list[tuple]], *columns: str):
    for name in ("starts", *columns):
        (writer.folder / f"{table}_{name}.npy").unlink()
    write_rows(writer, table, owners, *columns)


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    return tmp_path / "releases"


@pytest.fixture
def build(releases: Path) -> Callable[..., Path]:
    """Give `build(name, lists=…, excluded=…, values=…, …, created_at=…)`."""

    def write(
        name: str,
        lists: list[list[int]] = LISTS,
        excluded: list[list[int]] = EXCLUDED,
        values: tuple[float, ...] = (0.5, 0.3),
        baseline: tuple[float, ...] = (0.4, 0.2),
        age_hours: float = 1.0,
        offered: tuple[int, ...] = (1, 1, 1, 1),
        measured_at: str = "2026-02-15",
        created_at: str = "2026-03-01T00:00:00+00:00",
    ) -> Path:
        with writing_release(releases, name) as writer:
            fill(writer, USERS, ITEMS)
            rows = [[(item, 0.5, 0, -1, -1) for item in items] for items in lists]
            columns = ("item", "score", "source", "evidence", "evidence_count")
            replace_rows(writer, "list", rows, *columns)
            replace_rows(writer, "excluded", [[(i,) for i in row] for row in excluded], "item")
            popular = [[(item, 1.0, 1) for item in range(4)], []]
            replace_rows(writer, "popular", popular, "item", "score", "user_count")
            replace_array(writer, "item_is_offered", np.array(offered))
            replace_array(writer, "judged_user", np.arange(len(values)))
            replace_array(writer, "judged_value", np.array(values))
            replace_array(writer, "judged_baseline", np.array(baseline))
            writer.finish(
                {
                    **TOLD,
                    "release_id": name,
                    "created_at": created_at,
                    "ranked_by": name,
                    "counts": {"users": len(USERS), "items": len(ITEMS)},
                    "lists": {"per_user": 2, "neighbours": 2, "repeats": False},
                    "log": {"age_hours": age_hours},
                    "metrics": [
                        {
                            "setting": "new_items",
                            "system": "two_stage",
                            "metric": "ndcg_10",
                            "value": float(np.mean(values)) if values else None,
                            "lower": None,
                            "upper": None,
                        }
                    ],
                    "evaluation": {
                        "setting": "new_items",
                        "metric": "ndcg_10",
                        "cutoff_at": measured_at,
                        "baseline": "covisitation",
                        "user_count": len(values),
                    }
                    if values
                    else None,
                }
            )
        return releases / name

    return write


@pytest.fixture
def three(build: Callable[..., Path], releases: Path) -> Path:
    """Folder of three releases, of which r3 is the newest."""
    for hour, name in enumerate(("r1", "r2", "r3")):
        build(name, created_at=f"2026-03-01T{hour:02}:00:00+00:00")
    return releases


@pytest.fixture
def sign() -> Callable[..., Signature]:
    """Give `sign(reason)`, signed by Ann at a fixed moment."""
    return lambda reason="": Signature("ann@desk", reason, datetime(2026, 3, 2, tzinfo=UTC))
