"""Which release answers: damaged ones, a canary, arms that name one, and whom none touches."""

import errno
import os
import time
from datetime import UTC, datetime

from serving.assignment import Arm, Experiment, is_held_out
from serving.bundle import Bundle
from serving.experiments import Holdout, RunningExperiment
from serving.landing import landed_rows
from serving.opening import FAULT_SECONDS
from serving.shelf import POLL_SECONDS, Shelf
from serving.variant_counts import read_variant_counts
from tests.unit.serving.lists_asked import ask, point, shown
from tests.unit.serving.shop_release import USER_IDS, make_shop


def test_a_damaged_release_does_not_take_the_place_of_a_whole_one(tmp_path, serving):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path)
    before = shown(ask(client))
    broken = make_shop(tmp_path / "releases", "shop-2") / "list_item.npy"
    broken.write_bytes(broken.read_bytes()[:-4] + b"\xff\xff\xff\x7f")
    point(tmp_path, "shop-2", version=2, previous="shop-1")
    status = client.get("/readyz").json()
    while not status["degraded"]:
        time.sleep(0.05)
        status = client.get("/readyz").json()
    assert "shop-2" in status["degraded"][0]
    answer = ask(client)
    assert (shown(answer), answer.meta.release) == (before, "shop-1")


def test_a_damaged_release_is_read_again_when_its_files_change(tmp_path, serving, monkeypatch):
    make_shop(tmp_path / "releases")
    broken = make_shop(tmp_path / "releases", "shop-2") / "list_item.npy"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-1])
    point(tmp_path, "shop-2", previous="shop-1")
    opened = []
    real = Bundle.open
    monkeypatch.setattr(Bundle, "open", lambda path: (opened.append(path.name), real(path))[1])
    client = serving(tmp_path)
    time.sleep(5 * POLL_SECONDS)
    assert (ask(client).meta.release, opened.count("shop-2")) == ("shop-1", 1)
    broken.write_bytes(whole)
    while client.get("/readyz").json()["degraded"]:
        time.sleep(0.05)
    assert ask(client).meta.release == "shop-2"


def test_a_release_that_could_not_be_opened_once_is_opened_later(tmp_path, monkeypatch):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    clock, faults, opened = [0.0], [OSError(errno.EMFILE, "too many open files")], []
    real = Bundle.open

    def opening(path):
        opened.append(path.name)
        if faults:
            raise faults.pop()
        return real(path)

    monkeypatch.setattr(Bundle, "open", opening)
    shelf = Shelf(tmp_path / "releases", clock=lambda: clock[0])
    shelf.look()
    assert shelf.shelved.live is None
    assert "too many open files" in shelf.shelved.faults[0]
    # All its files are read to open it, so not at every look.
    clock[0] = FAULT_SECONDS - 1
    shelf.look()
    assert (shelf.shelved.live, len(opened)) == (None, 1)
    clock[0] = FAULT_SECONDS
    shelf.look()
    assert shelf.shelved.live.release_id == "shop-1"
    assert shelf.shelved.faults == ()


def test_damage_that_is_proven_is_not_looked_for_again(tmp_path, monkeypatch):
    broken = make_shop(tmp_path / "releases") / "list_item.npy"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-4] + b"\xff\xff\xff\x7f")
    times = broken.stat()
    point(tmp_path, "shop-1")
    clock, opened = [0.0], []
    real = Bundle.open
    monkeypatch.setattr(Bundle, "open", lambda path: (opened.append(path.name), real(path))[1])
    shelf = Shelf(tmp_path / "releases", clock=lambda: clock[0])
    shelf.look()
    clock[0] = 10 * FAULT_SECONDS
    shelf.look()
    assert (shelf.shelved.live, len(opened)) == (None, 1)
    # Put back with its old size and time, as copying programs do.
    broken.write_bytes(whole)
    os.utime(broken, ns=(times.st_atime_ns, times.st_mtime_ns))
    shelf.look()
    assert shelf.shelved.live.release_id == "shop-1"


def test_a_release_damaged_from_the_start_leaves_the_one_before_it(tmp_path, serving):
    make_shop(tmp_path / "releases")
    (make_shop(tmp_path / "releases", "shop-2") / "manifest.json").write_text("{}")
    point(tmp_path, "shop-2", previous="shop-1")
    assert ask(serving(tmp_path)).meta.release == "shop-1"


def test_what_was_live_before_is_open_after_what_answers(tmp_path):
    for name in ("shop-1", "shop-2"):
        make_shop(tmp_path / "releases", name)
    point(tmp_path, "shop-2", previous="shop-1")
    warmed = []

    def warm(bundle):
        warmed.append((bundle.release_id, shelf.has_looked.is_set()))

    shelf = Shelf(tmp_path / "releases", warm)
    for _ in range(2):
        shelf.look()
    # Once each, and nobody waits for the second.
    assert warmed == [("shop-2", False), ("shop-1", True)]
    assert [one.release_id for one in shelf.shelved.beside(shelf.shelved.live)] == ["shop-1"]
    # A rollback finds it open, and drops what nothing names any more.
    point(tmp_path, "shop-1", version=2)
    shelf.look()
    assert (shelf.shelved.live.release_id, {*shelf.shelved.bundles}) == ("shop-1", {"shop-1"})
    assert len(warmed) == 2


def test_what_was_live_before_and_is_damaged_is_said_and_disturbs_nobody(tmp_path, caplog):
    make_shop(tmp_path / "releases")
    broken = make_shop(tmp_path / "releases", "shop-0") / "list_item.npy"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-1])
    point(tmp_path, "shop-1", previous="shop-0")
    shelf = Shelf(tmp_path / "releases")
    for _ in range(3):
        shelf.look()
        assert shelf.shelved.live.release_id == "shop-1"
        (fault,) = shelf.shelved.faults
        assert fault.startswith("release shop-0: ")
    assert len(caplog.records) == 1
    broken.write_bytes(whole)
    for _ in range(2):
        shelf.look()
    assert ({*shelf.shelved.bundles}, shelf.shelved.faults) == ({"shop-0", "shop-1"}, ())


def test_what_was_live_before_and_is_gone_is_not_missed(tmp_path):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1", previous="gone")
    shelf = Shelf(tmp_path / "releases")
    shelf.look()
    assert ({*shelf.shelved.bundles}, shelf.shelved.faults) == ({"shop-1"}, ())


def test_users_of_the_canary_get_its_release(tmp_path, serving):
    make_shop(tmp_path / "releases")
    make_shop(tmp_path / "releases", "shop-2")
    canary = {"release_id": "shop-2", "percent": 50.0, "salt": "s"}
    point(tmp_path, "shop-1", canary=canary)
    client = serving(tmp_path)
    variants = {(ask(client, u).meta.variant, ask(client, u).meta.release) for u in USER_IDS}
    assert variants == {("live", "shop-1"), ("canary", "shop-2")}


def between_releases(*serves):
    """Return an experiment for ever, whose arms are named after what they serve."""
    arms = tuple(Arm(one, 1 / len(serves), one) for one in serves)
    return RunningExperiment(
        Experiment("lists", "shop", "lists", arms),
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2100, 1, 1, tzinfo=UTC),
        releases=frozenset({"shop-1", "shop-2", "gone"}),
    )


def test_an_arm_that_names_a_release_is_answered_by_it_whatever_is_live(serving, tmp_path):
    for name in ("shop-1", "shop-2", "shop-3"):
        make_shop(tmp_path / "releases", name)
    # Who is in the experiment is not in the canary, and says nothing about it.
    point(tmp_path, "shop-3", canary={"release_id": "shop-1", "percent": 100.0, "salt": "s"})
    client = serving(tmp_path, experiments=(between_releases("shop-1", "shop-2"),))
    met = {}
    for user in USER_IDS:
        meta = ask(client, user).meta
        assert meta.variant == f"experiment lists:{meta.release}"
        assert meta.fallback != "none"
        met[user] = meta
    assert {meta.release for meta in met.values()} == {"shop-1", "shop-2"}
    assert "personal" in {meta.fallback for meta in met.values()}
    # A promotion moves nobody who has an arm.
    point(tmp_path, "shop-2", version=2)
    while client.get("/readyz").json()["release"] != "shop-2":
        time.sleep(0.01)
    assert {user: ask(client, user).meta.release for user in USER_IDS} == {
        user: meta.release for user, meta in met.items()
    }
    client.__exit__(None, None, None)
    logged = {
        (row["user_id"], row["variant"], row["release_id"])
        for row in landed_rows(tmp_path / "landing/impressions")
    }
    assert logged == {(user, meta.variant, meta.release) for user, meta in met.items()}
    counts = read_variant_counts(tmp_path / "releases", 1)
    assert (counts["canary"].requests, counts["live"].requests) == (0, 0)


def test_an_arm_whose_release_cannot_be_opened_gets_what_is_live_and_says_so(serving, tmp_path):
    make_shop(tmp_path / "releases")
    point(tmp_path, "shop-1")
    client = serving(tmp_path, experiments=(between_releases("live", "gone"),))
    answers = [ask(client, user, explain=True) for user in USER_IDS]
    for answer in answers:
        assert answer.meta.release == "shop-1"
        assert answer.items
        is_missing = answer.meta.variant == "experiment lists:gone"
        assert is_missing == (answer.meta.variant != "live lists:live")
        assert answer.meta.explanation.degraded == (["release"] if is_missing else [])
    assert len({answer.meta.variant for answer in answers}) == 2
    (fault,) = client.get("/readyz").json()["degraded"]
    assert "release gone" in fault


def test_no_release_on_trial_touches_whom_is_held_out(serving, tmp_path):
    make_shop(tmp_path / "releases")
    make_shop(tmp_path / "releases", "shop-2")
    point(tmp_path, "shop-1", canary={"release_id": "shop-2", "percent": 100.0, "salt": "s"})
    client = serving(tmp_path, holdout=Holdout(0.5, "apart"))
    answers = {user: ask(client, user) for user in USER_IDS}
    held = {user for user in USER_IDS if is_held_out(user, 0.5, "apart")}
    assert 0 < len(held) < len(USER_IDS)
    for user, answer in answers.items():
        if user in held:
            assert (answer.meta.variant, answer.meta.release) == ("live holdout", "shop-1")
            assert {item.source for item in answer.items} == {"popular"}
        else:
            assert (answer.meta.variant, answer.meta.release) == ("canary", "shop-2")
    client.__exit__(None, None, None)
    rows = landed_rows(tmp_path / "landing/impressions")
    logged = {row["user_id"]: row["variant"] for row in rows}
    assert {user for user in USER_IDS if logged[user] == "live holdout"} == held
    # They say nothing about the canary.
    counts = read_variant_counts(tmp_path / "releases", 1)
    assert counts["canary"].requests == len(USER_IDS) - len(held)
    assert (counts["canary"].errors, counts["live"].requests) == (0, 0)
