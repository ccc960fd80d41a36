import time
from datetime import UTC, datetime

import pytest

from ml.guardrails import GuardLimits
from orchestration.releases.aliases import read_history
from orchestration.releases.bounds import GateBounds
from orchestration.releases.guard import guard_canary, guarding_canary
from orchestration.releases.promotion import promote, start_canary
from serving.pointers import ALIASES, HISTORY, Pointers, PointerWatch, read_pointers
from serving.variant_counts import VariantRecorder

NOW = datetime(2026, 3, 3, tzinfo=UTC)
USERS = [f"u{number}" for number in range(2000)]


@pytest.fixture
def canary(build, releases, sign):
    build("good")
    build("bad")
    promote(releases, "good", GateBounds(), sign())
    start_canary(releases, "bad", 20, sign())
    return releases


def serve(releases, *, fails=(), slow=(), ignored=()):
    """Answer every user once; a release in one of the lists does badly."""
    pointers = read_pointers(releases)
    recorder = VariantRecorder(releases, "1")
    for place, user in enumerate(USERS):
        variant = pointers.variant_of(user)
        release = pointers.release_of(variant)
        seconds = 0.5 if release in slow else 0.005
        recorder.answered(pointers.version, variant, user, seconds, is_error=release in fails)
        if place % 5 == 0 and release not in ignored:
            recorder.engaged(user)
    recorder.flush()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ({"fails": ["bad"]}, "100.00% requests with an error"),
        ({"slow": ["bad"]}, "100.00% slow requests"),
        ({"ignored": ["bad"]}, "0.00% users who turned to something after an answer"),
    ],
)
def test_a_bad_canary_is_ended_for_every_process_and_the_reason_kept(canary, harm, said):
    watch = PointerWatch(canary)
    assert watch.look().canary.release_id == "bad"
    serve(canary, **harm)
    change = guard_canary(canary, GuardLimits(), NOW)
    assert watch.look().canary is None
    assert watch.look().live == "good"
    assert all(watch.look().variant_of(user) == "live" for user in USERS)
    assert (change.action, change.release_id, change.changed_by) == (
        "end_canary",
        "bad",
        "canary guard",
    )
    assert said in read_history(canary)[-1].reason


def test_a_canary_that_the_journal_alone_names_is_guarded_too(canary):
    serve(canary, fails=["bad"])
    (canary / ALIASES).unlink()
    assert guard_canary(canary, GuardLimits(), NOW).action == "end_canary"
    assert read_pointers(canary) == Pointers(3, live="good")


def test_a_canary_that_does_as_well_goes_on(canary):
    serve(canary)
    assert guard_canary(canary, GuardLimits(), NOW) is None
    assert read_pointers(canary).canary.release_id == "bad"


def test_harm_of_the_live_release_does_not_end_the_canary(canary):
    serve(canary, fails=["good", "bad"])
    assert guard_canary(canary, GuardLimits(), NOW) is None


def test_counts_of_an_earlier_canary_judge_nobody(canary, sign):
    serve(canary, fails=["bad"])
    start_canary(canary, "bad", 30, sign())
    assert guard_canary(canary, GuardLimits(), NOW) is None


def test_without_a_canary_there_is_nothing_to_guard(build, releases, sign):
    build("good")
    assert guard_canary(releases, GuardLimits(), NOW) is None
    promote(releases, "good", GateBounds(), sign())
    assert guard_canary(releases, GuardLimits(), NOW) is None


def test_a_server_ends_its_bad_canary_by_itself(canary):
    serve(canary, fails=["bad"])
    with guarding_canary(canary, GuardLimits(), look_seconds=0.02):
        deadline = time.monotonic() + 30
        while read_pointers(canary).canary and time.monotonic() < deadline:
            time.sleep(0.02)
    assert read_pointers(canary).canary is None
    assert [change.action for change in read_history(canary)].count("end_canary") == 1


def test_a_guard_outlives_a_look_that_fails(canary):
    journal = canary / HISTORY
    whole = journal.read_text()
    serve(canary, fails=["bad"])
    journal.write_text("nonsense\n" + whole)
    with guarding_canary(canary, GuardLimits(), look_seconds=0.02):
        time.sleep(0.2)
        assert read_pointers(canary).canary is not None
        journal.write_text(whole)
        deadline = time.monotonic() + 30
        while read_pointers(canary).canary and time.monotonic() < deadline:
            time.sleep(0.02)
    assert read_pointers(canary).canary is None
