import re
from datetime import UTC, datetime

import duckdb
import pytest

from ml.schemas.releases import ReleaseChanges, ShadowComparisons
from orchestration.checks import schema_check
from orchestration.releases.bounds import GateBounds
from orchestration.releases.mirror import MirrorError, mirror
from orchestration.releases.on_disk import note_builds
from orchestration.releases.promotion import promote, start_canary
from orchestration.releases.shadows import compare_shadows, write_shadows
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT
from serving.landing import LandingLog

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
TABLES = ("release_changes", "shadow_comparisons")


@pytest.fixture
def warehouse(tmp_path):
    """Give a warehouse with the empty tables that dbt makes."""
    log = MappedLog(home=str(tmp_path), mapping="sample", project_root=str(PROJECT_ROOT))
    log.places().make_folders()
    macro = (PROJECT_ROOT / "macros" / "create_ml_tables.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(log.places().warehouse)) as connection:
        connection.execute("create schema ml")
        for name in TABLES:
            statement = re.search(
                rf"create table if not exists ml\.{name} \(.*?\n    \);", macro, re.S
            )
            connection.execute(statement[0])
    return Warehouse(log=log, patience_seconds=0.1)


def test_the_history_is_written_as_it_was(build, releases, sign, warehouse):
    build("r1")
    build("r2")
    note_builds(releases, "run 1")
    promote(releases, "r1", GateBounds(), sign("the first"))
    start_canary(releases, "r2", 5, sign())
    for _ in range(2):
        assert mirror(warehouse, releases) == 4
    rows = warehouse.read("from ml.release_changes order by change_number")
    assert rows["action"].tolist() == ["build", "build", "promote", "canary"]
    assert rows["changed_by"].tolist() == ["run 1", "run 1", "ann@desk", "ann@desk"]
    assert rows["live_release_id"].isna().tolist() == [True, True, False, False]
    assert rows["canary_percent"].tolist()[-1] == 5.0
    assert rows["version"].tolist() == [0, 0, 1, 2]
    assert str(rows["changed_at"][2]) == "2026-03-02 00:00:00"
    assert schema_check("release_changes", ReleaseChanges)(warehouse=warehouse).passed


def test_without_a_history_nothing_is_written(releases, warehouse):
    assert mirror(warehouse, releases) == 0


def test_a_warehouse_that_is_not_there_is_said_with_the_remedy(build, releases, sign, tmp_path):
    build("r1")
    note_builds(releases, "run 1")
    log = MappedLog(home=str(tmp_path / "new"), mapping="sample", project_root=str(PROJECT_ROOT))
    with pytest.raises(
        MirrorError, match=r"does not show this yet .* `topshelf releases --repair`"
    ):
        mirror(Warehouse(log=log, patience_seconds=0.1), releases)


def test_what_the_shadow_said_becomes_a_table(build, releases, tmp_path, warehouse):
    build("r1")
    build("r2")
    row = {
        "request_id": "q1",
        "live_release_id": "r1",
        "shadow_release_id": "r2",
        "live_items": ["cup", "lamp"],
        "live_scores": [0.5, None],
        "shadow_items": ["lamp", "spoon"],
        "shadow_scores": [0.5, 0.25],
    }
    # The same line twice: the log holds each at least once.
    landed(tmp_path, row, row, {**row, "request_id": "q2", "shadow_items": ["cup"]})
    landed(tmp_path, {**row, "request_id": "q3", "live_release_id": "r0"})
    assert write_shadows(warehouse, tmp_path / "landing", releases, NOW) > 0
    rows = warehouse.read("from ml.shadow_comparisons")
    assert set(rows["live_release_id"]) == {"r1"}
    assert set(rows["request_count"]) == {2}
    values = {(one.metric, one.cutoff): one.value for one in rows.itertuples()}
    (last,) = {*compare_shadows(tmp_path / "landing", releases, NOW, newest=1)["request_count"]}
    assert last == 1
    # Half of the first pair, one of two of the second.
    assert values["overlap", 5] == 0.5
    # lamp moved by one place, cup by none.
    assert values["rank_change", 0] == 0.5
    assert values["shadow_coverage", 5] == 0.75
    assert schema_check("shadow_comparisons", ShadowComparisons)(warehouse=warehouse).passed
    # What the release that is gone has shown nobody can tell any more.
    assert [path.name for path in (tmp_path / "landing").iterdir()] == ["r1"]


def landed(home, *rows):
    """Write what a shadow said, as a serving process does."""
    pair = (rows[0]["live_release_id"], rows[0]["shadow_release_id"])
    log = LandingLog(home.joinpath("landing", *pair), now=lambda: NOW)
    log.append(rows).result(10)
    log.close()


def test_without_a_shadow_the_table_stays(releases, tmp_path, warehouse):
    assert write_shadows(warehouse, tmp_path / "landing", releases, NOW) == 0
