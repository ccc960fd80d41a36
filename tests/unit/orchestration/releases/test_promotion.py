import os

import pytest

from orchestration.releases.aliases import read_history
from orchestration.releases.bounds import GateBounds
from orchestration.releases.changes import AliasError
from orchestration.releases.promotion import (
    PromotionBlockedError,
    end_canary,
    promote,
    rollback,
    start_canary,
    start_shadow,
)
from serving.bundle_files import BundleError
from serving.pointers import Pointers, PointerWatch, read_pointers

BOUNDS = GateBounds()


def test_a_promoted_release_is_live_for_every_process(three, sign):
    watch = PointerWatch(three)
    assert watch.look().live is None
    promote(three, "r1", BOUNDS, sign("first"))
    assert watch.look() == Pointers(1, live="r1")
    change = promote(three, "r2", BOUNDS, sign())
    assert watch.look() == Pointers(2, live="r2", previous="r1")
    assert (change.changed_by, change.changed_at) == ("ann@desk", "2026-03-02T00:00:00.000+00:00")
    assert [line.reason for line in read_history(three)] == ["first", ""]


def test_what_is_live_cannot_be_promoted_again(three, sign):
    promote(three, "r1", BOUNDS, sign())
    with pytest.raises(AliasError, match="r1 is live already"):
        promote(three, "r1", BOUNDS, sign())


def test_a_blocked_release_says_why_and_is_remembered(build, releases, sign):
    build("old", age_hours=200.0)
    with pytest.raises(PromotionBlockedError, match=r"freshness: .* at most 168, missed by 32"):
        promote(releases, "old", BOUNDS, sign())
    assert read_pointers(releases) == Pointers()
    (change,) = read_history(releases)
    assert (change.action, change.release_id, change.version) == ("blocked", "old", 0)
    assert [(gate["name"], gate["shortfall"]) for gate in change.gates] == [("freshness", 32.0)]


def test_force_needs_a_reason_and_keeps_it(build, releases, sign):
    build("old", age_hours=200.0)
    with pytest.raises(AliasError, match="--force needs a reason"):
        promote(releases, "old", BOUNDS, sign("  "), force=True)
    promote(releases, "old", BOUNDS, sign("the log is closed"), force=True)
    change = read_history(releases)[-1]
    assert read_pointers(releases).live == "old"
    assert (change.reason, change.is_forced) == ("the log is closed", True)
    assert [gate["name"] for gate in change.gates] == ["freshness"]


def test_force_does_not_promote_a_damaged_release(three, sign):
    os.truncate(three / "r1" / "list_item.npy", 130)
    with pytest.raises(BundleError, match="list_item"):
        promote(three, "r1", BOUNDS, sign("in a hurry"), force=True)


@pytest.mark.parametrize("name", ["r9", "../r1", "", ".", "/etc"])
def test_only_a_release_that_is_there_can_be_named(name, three, sign):
    with pytest.raises(AliasError, match=r"is no release of .*; the newest is r3"):
        promote(three, name, BOUNDS, sign())


def test_a_rollback_goes_back_step_by_step(three, sign):
    for name in ("r1", "r2", "r3"):
        promote(three, name, BOUNDS, sign())
    assert rollback(three, sign("errors")).pointers == Pointers(4, live="r2", previous="r1")
    assert rollback(three, sign()).pointers == Pointers(5, live="r1")
    with pytest.raises(AliasError, match="no earlier release to go back to"):
        rollback(three, sign())


def test_a_rollback_from_what_was_promoted_in_turns_is_no_way_back_to_itself(three, sign):
    for name in ("r3", "r1", "r2", "r1", "r2"):
        promote(three, name, BOUNDS, sign())
    found = rollback(three, sign()).pointers
    assert (found.live, found.previous) == ("r1", "r3")


def test_a_rollback_passes_over_what_is_gone(three, sign):
    for name in ("r1", "r2", "r3"):
        promote(three, name, BOUNDS, sign())
    (three / "r2" / "manifest.json").unlink()
    assert rollback(three, sign()).pointers.live == "r1"


def test_a_rollback_passes_over_what_is_damaged_and_says_so(three, sign):
    for name in ("r1", "r2", "r3"):
        promote(three, name, BOUNDS, sign())
    os.truncate(three / "r2" / "list_item.npy", 130)
    change = rollback(three, sign("errors"))
    assert change.pointers == Pointers(4, live="r1")
    assert change.reason.startswith("errors; passed over r2, which is damaged: ")


def test_a_rollback_to_nothing_but_damaged_releases_moves_nothing(three, sign):
    for name in ("r1", "r2"):
        promote(three, name, BOUNDS, sign())
    os.truncate(three / "r1" / "list_item.npy", 130)
    with pytest.raises(AliasError, match=r"no earlier release.*passed over r1, which is damaged"):
        rollback(three, sign())
    assert read_pointers(three).live == "r2"


def test_a_canary_is_started_raised_and_ended(three, sign):
    with pytest.raises(AliasError, match="nothing is live"):
        start_canary(three, "r2", 5, sign())
    promote(three, "r1", BOUNDS, sign())
    start_canary(three, "r2", 5, sign())
    canary = read_pointers(three).canary
    assert (canary.release_id, canary.percent, canary.salt) == ("r2", 5.0, "r2")
    assert start_canary(three, "r2", 25, sign()).pointers.canary.salt == "r2"
    assert end_canary(three, sign()).pointers.canary is None
    with pytest.raises(AliasError, match="there is no canary"):
        end_canary(three, sign())


def test_a_canary_that_is_promoted_ends(three, sign):
    promote(three, "r1", BOUNDS, sign())
    start_canary(three, "r2", 5, sign())
    promote(three, "r2", BOUNDS, sign())
    assert read_pointers(three) == Pointers(3, live="r2", previous="r1")


def test_a_rollback_ends_the_canary(three, sign):
    promote(three, "r1", BOUNDS, sign())
    promote(three, "r2", BOUNDS, sign())
    start_canary(three, "r3", 5, sign())
    assert rollback(three, sign()).pointers.canary is None


@pytest.mark.parametrize("percent", [0.0, -1.0, 100.1, float("nan")])
def test_a_share_that_cannot_be_is_refused(percent, three, sign):
    promote(three, "r1", BOUNDS, sign())
    with pytest.raises(AliasError, match=r"0\.01 to 100 percent"):
        start_canary(three, "r2", percent, sign())


def test_a_shadow_is_not_what_is_live(three, sign):
    promote(three, "r1", BOUNDS, sign())
    assert start_shadow(three, "r2", sign()).pointers.shadow == "r2"
    with pytest.raises(AliasError, match="r1 is live"):
        start_shadow(three, "r1", sign())
