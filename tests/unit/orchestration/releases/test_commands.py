import json
import shutil

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.terminal import releases as terminal
from serving.pointers import read_pointers


@pytest.fixture
def folder(build, tmp_path, monkeypatch):
    """Give the releases of the sample log's home: three sound ones, and one of an old log."""
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("TOPSHELF_MAPPING", "sample")
    monkeypatch.setenv("COLUMNS", "200")
    # What is told to MLflow and to the warehouse has tests of its own, and takes seconds.
    monkeypatch.setattr(terminal, "catch_up", lambda *_: ["MLflow is away"])
    for name in ("r1", "r2"):
        build(name)
    build("old", age_hours=200.0)
    place = tmp_path / "sample" / "releases"
    place.parent.mkdir()
    shutil.move(tmp_path / "releases", place)
    return place


def topshelf(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_one_step_promotes_and_another_goes_back(folder):
    assert topshelf("promote", "r1").exit_code == 0
    done = topshelf("promote", "r2", "--reason", "better", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["action"], told["aliases"]["live"]) == ("promote", "r2")
    assert told["warnings"] == ["MLflow is away"]
    assert topshelf("rollback").exit_code == 0
    assert read_pointers(folder).live == "r1"
    again = topshelf("rollback")
    assert again.exit_code == 1
    assert "no earlier release to go back to" in again.stderr


def test_a_blocked_promotion_says_which_gate_and_by_how_much(folder):
    blocked = topshelf("promote", "old")
    assert blocked.exit_code == 1
    assert "- freshness: the newest row of the log was 200 hours old" in blocked.stderr
    assert "must be at most 168, missed by 32" in blocked.stderr
    assert "promote old --force --reason" in blocked.stderr
    assert topshelf("promote", "old", "--force").exit_code == 1
    assert read_pointers(folder).live is None
    forced = topshelf("promote", "old", "--force", "--reason", "[red] the log [/b] :id:")
    assert forced.exit_code == 0
    assert "reason: [red] the log [/b] :id:" in forced.stdout
    assert "forced against freshness" in forced.stdout
    assert read_pointers(folder).live == "old"


def test_a_canary_is_started_and_ended(folder):
    topshelf("promote", "r1")
    started = topshelf("canary", "r2", "--percent", "5")
    assert started.exit_code == 0
    assert "canary   r2, 5 percent" in started.stdout
    assert read_pointers(folder).canary.percent == 5
    assert topshelf("canary", "--percent", "0").exit_code == 0
    assert read_pointers(folder).canary is None
    assert topshelf("canary").exit_code == 2
    refused = topshelf("canary", "r2", "--percent", "101")
    assert refused.exit_code == 1
    assert "0.01 to 100 percent of the users, got 101" in refused.stderr


def test_a_shadow_is_named(folder):
    topshelf("promote", "r1")
    assert topshelf("shadow", "r2").exit_code == 0
    assert read_pointers(folder).shadow == "r2"


def test_what_the_shadow_said_is_read_where_all_is_told_again_alone(folder, monkeypatch):
    told = []
    monkeypatch.setattr(terminal, "tell_shadows", lambda *_: told.append(1) or ["no warehouse"])
    for step in ("promote r1", "shadow r2", "promote r2", "rollback", "releases"):
        assert topshelf(*step.split()).exit_code == 0
    assert not told
    done = topshelf("releases", "--repair")
    assert (done.exit_code, told) == (0, [1])
    assert "no warehouse" in done.stderr


def test_an_unknown_release_is_refused_with_what_there_is(folder):
    refused = topshelf("promote", "r7", "--json")
    assert refused.exit_code == 1
    assert "'r7' is no release of" in refused.stderr
    assert "the newest is" in refused.stderr


def test_the_releases_are_shown_with_who_and_why(folder):
    topshelf("promote", "r1", "--reason", "a good one")
    told = json.loads(topshelf("releases", "--json").stdout)
    assert told["aliases"]["live"] == "r1"
    rows = {row["release_id"]: row for row in told["releases"]}
    assert rows["r1"]["aliases"] == ["live"]
    assert (rows["r1"]["last_action"], rows["r1"]["last_reason"]) == ("promote", "a good one")
    assert rows["r1"]["ndcg_10"] == pytest.approx(0.4)
    assert rows["r2"]["last_action"] == "build"
    shown = topshelf("releases").stdout
    assert "a good one" in shown


def test_a_damaged_release_is_shown_as_such(folder):
    (folder / "r2" / "manifest.json").write_text("{")
    told = json.loads(topshelf("releases", "--json").stdout)
    (row,) = [row for row in told["releases"] if row["release_id"] == "r2"]
    assert "cannot be read" in row["problem"]


def test_without_a_release_one_is_told_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPSHELF_HOME", str(tmp_path))
    monkeypatch.setenv("TOPSHELF_MAPPING", "sample")
    shown = topshelf("releases")
    assert shown.exit_code == 0
    assert "`topshelf run` makes one" in shown.stderr
