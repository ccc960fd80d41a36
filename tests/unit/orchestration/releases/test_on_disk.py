import os

import pytest

from orchestration.releases.aliases import read_history
from orchestration.releases.bounds import GateBounds
from orchestration.releases.on_disk import note_builds, remove_old_releases
from orchestration.releases.promotion import PromotionBlockedError, promote
from serving.bundle_files import releases_on_disk
from serving.pointers import Pointers, read_pointers

BOUNDS = GateBounds()


def test_old_releases_go_but_not_those_with_an_alias(three, sign):
    promote(three, "r1", BOUNDS, sign())
    promote(three, "r3", BOUNDS, sign())
    assert remove_old_releases(three, 1) == ["r2"]
    assert releases_on_disk(three) == ["r3", "r1"]
    assert not list(three.glob(".r2*"))


def test_what_an_arm_serves_stays_too(three, sign):
    promote(three, "r3", BOUNDS, sign())
    assert remove_old_releases(three, 1, {"r1", "not a release"}) == ["r2"]
    assert releases_on_disk(three) == ["r3", "r1"]


def test_every_release_is_noted_once(three):
    note_builds(three, "run 1")
    note_builds(three, "run 2")
    noted = [(change.action, change.release_id) for change in read_history(three)]
    assert noted == [("build", "r1"), ("build", "r2"), ("build", "r3")]
    assert read_pointers(three) == Pointers()


def test_a_release_that_was_refused_before_it_was_noted_is_noted_all_the_same(
    build, releases, sign
):
    build("old", age_hours=200.0)
    with pytest.raises(PromotionBlockedError):
        promote(releases, "old", BOUNDS, sign())
    for run in ("run 1", "run 2"):
        note_builds(releases, run)
    noted = [(change.action, change.release_id) for change in read_history(releases)]
    assert noted == [("blocked", "old"), ("build", "old")]


def test_the_order_is_that_of_writing_whatever_the_clock_said(build, releases, sign):
    build("first", created_at="2026-03-01T03:00:00+00:00")
    note_builds(releases, "run 1")
    promote(releases, "first", BOUNDS, sign())
    # Since then the clock was set back, and the files were copied.
    build("second", created_at="2026-03-01T00:30:00+00:00")
    build("third", created_at="2026-03-01T00:45:00+00:00")
    os.utime(releases / "first" / "manifest.json", (2**32, 2**32))
    assert releases_on_disk(releases) == ["third", "second", "first"]
    note_builds(releases, "run 2")
    assert releases_on_disk(releases) == ["third", "second", "first"]
    assert remove_old_releases(releases, 1) == ["second"]
    assert releases_on_disk(releases) == ["third", "first"]


def test_what_was_never_noted_and_cannot_be_read_is_the_first_to_go(three):
    note_builds(three, "run 1")
    (three / "copied").mkdir()
    (three / "copied" / "manifest.json").write_text("{")
    assert releases_on_disk(three) == ["r3", "r2", "r1", "copied"]
