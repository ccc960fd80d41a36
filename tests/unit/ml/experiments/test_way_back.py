"""What there is to go back to."""

import pandas as pd
import pytest

from ml.experiments.way_back import NO_RELEASES, way_back

LIVE, BEFORE, NEVER, GONE = (f"2026010{day}T000000-ab" for day in (4, 3, 2, 1))
RELEASES = pd.DataFrame(
    [
        (LIVE, True, True, True, False),
        (BEFORE, True, True, False, True),
        (NEVER, False, True, False, False),
        (GONE, True, False, False, False),
    ],
    columns=["release_id", "was_live", "is_kept", "is_live", "is_previous"],
)


@pytest.mark.parametrize(
    ("serves", "words"),
    [
        ("live", f"release {LIVE} was live and is kept"),
        ("popular", f"release {LIVE} was live and is kept"),
        ("previous", f"release {BEFORE} was live and is kept"),
        (BEFORE, f"release {BEFORE} was live and is kept"),
        ("old_checkout", "it is no release"),
    ],
)
def test_what_was_live_and_is_kept_can_be_served_again(serves, words):
    ready, told = way_back(serves, RELEASES)
    assert ready
    assert words in told


@pytest.mark.parametrize(
    ("serves", "words"),
    [
        ("", "Nothing is named"),
        (NEVER, "was never promoted"),
        (GONE, "the files of release 20260101T000000-ab are gone"),
        ("20250101T000000-zz", "there is no such release"),
    ],
)
def test_what_cannot_be_served_again_says_why(serves, words):
    ready, told = way_back(serves, RELEASES)
    assert not ready
    assert words in told


def test_nothing_live_is_nothing_to_go_back_to():
    built = RELEASES.loc[RELEASES["release_id"] == NEVER]
    assert way_back("live", built) == (
        False,
        "Going back means serving 'live' again, and no release is live: topshelf promote makes one "
        "live.",
    )
    assert not way_back("previous", built)[0]


def test_without_an_application_nothing_can_be_asked_for_but_a_release():
    assert way_back("popular", NO_RELEASES)[0]
    assert not way_back(LIVE, NO_RELEASES)[0]
