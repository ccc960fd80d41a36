"""What a run makes live: what it wrote itself."""

import dagster as dg
import pytest

from orchestration.assets import promotion as step
from orchestration.releases.bounds import GateBounds
from orchestration.releases.on_disk import note_builds
from orchestration.releases.promotion import promote
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT
from serving.bundle_files import releases_on_disk
from serving.pointers import read_pointers


@pytest.fixture
def releases(tmp_path):
    return tmp_path / "sample" / "releases"


@pytest.fixture
def run(tmp_path, build, monkeypatch):
    """Give `run(name)`: a run that writes a release, or none, and promotes; what it told."""
    for name in ("catch_up", "tell_shadows"):
        monkeypatch.setattr(step, name, lambda *_: [])
    log = MappedLog(
        home=str(tmp_path), mapping="sample", project_root=str(PROJECT_ROOT), kept_releases=1
    )
    instance = dg.DagsterInstance.ephemeral()

    def started(written=None):
        @dg.asset(key=["published", "release"])
        def release():
            build(written, created_at="2026-03-01T00:30:00+00:00")
            return dg.MaterializeResult(metadata={"release_id": written})

        steps = [release, step.promotion] if written else [step.promotion]
        resources = {"log": log, "warehouse": Warehouse(log=log)}
        told = dg.materialize(steps, resources=resources, instance=instance)
        (event,) = told.asset_materializations_for_node("published__promotion")
        return {name: value.value for name, value in event.metadata.items()}

    return started


def test_a_run_makes_its_own_release_live_though_another_seems_newer(run, build, releases, sign):
    build("monday", created_at="2026-03-01T03:00:00+00:00")
    note_builds(releases, "run 1")
    promote(releases, "monday", GateBounds(), sign())
    build("copied", created_at="2026-03-01T02:00:00+00:00")
    told = run("tuesday")
    assert (told["release_id"], told["outcome"]) == ("tuesday", "live")
    assert read_pointers(releases).live == "tuesday"
    assert set(releases_on_disk(releases)) == {"copied", "tuesday", "monday"}


def test_promoting_without_writing_takes_what_was_written_last(run, build, releases):
    run("monday")
    build("tuesday", created_at="2026-03-01T00:00:00+00:00")
    assert run()["release_id"] == "tuesday"
    assert read_pointers(releases).live == "tuesday"
