"""What answers where the aliases, their journal or the releases that they name cannot be read."""

import json
import time

import pytest

from serving.pointers import ALIASES, HISTORY, Pointers
from serving.shelf import Shelf
from tests.unit.serving.lists_asked import ask, point
from tests.unit.serving.shop_release import make_shop


@pytest.fixture
def journalled(tmp_path):
    """Home with three releases, of which the journal says that the second is live."""
    for name in ("shop-1", "shop-2", "shop-3"):
        make_shop(tmp_path / "releases", name)
    lines = []
    for version, live in enumerate(("shop-1", "shop-2"), start=1):
        point(tmp_path, live, version=version, previous=f"shop-{version - 1}")
        told = (tmp_path / "releases" / ALIASES).read_text()
        lines.append(f'{{"action": "promote", "pointers": {told}}}\n')
    (tmp_path / "releases" / HISTORY).write_text("".join(lines))
    return tmp_path


def lose(path, how):
    if how == "missing":
        path.unlink()
    elif how == "damaged":
        path.write_text("{")
    else:
        path.unlink()
        path.mkdir()


@pytest.mark.parametrize("how", ["missing", "damaged", "unreadable"])
def test_without_the_aliases_the_journal_says_who_answers_until_they_are_back(
    journalled, serving, how, caplog
):
    file = journalled / "releases" / ALIASES
    whole = file.read_text()
    lose(file, how)
    client = serving(journalled)
    answer = ask(client)
    assert (answer.meta.release, len(answer.items)) == ("shop-2", 10)
    status = client.get("/readyz").json()
    (fault,) = status["degraded"]
    assert (status["status"], status["release"]) == ("degraded", "shop-2")
    assert str(file) in fault
    assert "the last line of history.jsonl that can be read says what is live" in fault
    assert [record.getMessage() for record in caplog.records] == [fault]
    if file.is_dir():
        file.rmdir()
    file.write_text(whole.replace("shop-2", "shop-3"))
    while client.get("/readyz").json() != {"status": "ok", "release": "shop-3", "degraded": []}:
        time.sleep(0.05)
    assert ask(client).meta.release == "shop-3"


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_without_aliases_and_journal_the_newest_whole_release_answers(
    journalled, serving, how, caplog
):
    for name in (ALIASES, HISTORY):
        lose(journalled / "releases" / name, how)
    (journalled / "releases" / "shop-3" / "list_item.npy").unlink()
    client = serving(journalled)
    assert ask(client).meta.release == "shop-2"
    status = client.get("/readyz").json()
    assert (status["status"], status["release"]) == ("degraded", "shop-2")
    faults = "\n".join(status["degraded"])
    assert "no release is known to be live; shop-2 answers" in faults
    assert "release shop-3: " in faults
    assert ("aliases.json and history.jsonl" in faults) == (how == "damaged")
    assert "no release is known to be live" in caplog.text
    point(journalled, "shop-1")
    while client.get("/readyz").json()["degraded"]:
        time.sleep(0.05)
    assert ask(client).meta.release == "shop-1"


def test_where_no_release_went_live_it_is_said_how_one_does(journalled, serving):
    point(journalled, None)
    client = serving(journalled)
    assert ask(client).items == []
    (fault,) = client.get("/readyz").json()["degraded"]
    assert fault == (
        "no release is live, of 3 on the disk; `topshelf releases` shows why, and "
        "`topshelf promote RELEASE` makes one live"
    )


def test_aliases_that_are_lost_while_they_are_served_change_nothing(journalled):
    releases = journalled / "releases"
    shelf = Shelf(releases)
    shelf.look()
    before = shelf.shelved
    (releases / ALIASES).unlink()
    for lost in ("", HISTORY):
        if lost:
            (releases / lost).unlink()
        shelf.look()
        assert (shelf.shelved.pointers, shelf.shelved.live) == (before.pointers, before.live)
        (fault,) = shelf.shelved.faults
        assert "aliases.json is missing" in fault


def test_what_a_run_writes_into_a_new_home_answers_nobody_before_it_is_live(tmp_path):
    shelf = Shelf(tmp_path / "releases")
    shelf.look()
    make_shop(tmp_path / "releases")
    shelf.look()
    assert (shelf.shelved.live, shelf.shelved.faults) == (None, ())
    # It is noted, and refused by the gates.
    told = {"format_version": 1, "version": 0, "live": None, "canary": None, "shadow": None}
    line = json.dumps({"action": "blocked", "pointers": {**told, "previous": None}})
    (tmp_path / "releases" / HISTORY).write_text(line + "\n")
    for one in (shelf, Shelf(tmp_path / "releases")):
        one.look()
        assert (one.shelved.live, one.shelved.faults) == (None, ())
        assert one.shelved.pointers == Pointers()


def test_where_live_and_previous_are_damaged_the_newest_whole_release_answers(journalled):
    for name in ("shop-1", "shop-2"):
        (journalled / "releases" / name / "list_item.npy").unlink()
    shelf = Shelf(journalled / "releases")
    for _ in range(2):
        shelf.look()
        assert shelf.shelved.live.release_id == "shop-3"
        assert "shop-2 is live, and shop-3 answers" in shelf.shelved.faults
