import pytest

from orchestration.releases.bounds import GateBounds
from orchestration.releases.promotion import PromotionBlockedError, promote
from orchestration.releases.standing import standing, standing_text


def test_a_release_that_went_live_is_announced(build, releases, sign):
    build("r1")
    promote(releases, "r1", GateBounds(), sign())
    assert standing_text(standing(releases)) == (
        "Release r1 is live: `topshelf serve` answers from it."
    )


def test_a_release_that_took_over_is_compared_with_what_was_live(build, releases, sign):
    build("r1", values=(0.5, 0.3))
    promote(releases, "r1", GateBounds(), sign())
    build("r2", values=(0.7, 0.5))
    promote(releases, "r2", GateBounds(), sign())
    assert standing_text(standing(releases)) == (
        "Release r2 is live: `topshelf serve` answers from it.\n"
        "nDCG@10 is +0.2000 (+0.2000 to +0.2000) against the live release (r1), over 2 users "
        "(the upper end counts); must be at least 0"
    )


def test_a_blocked_release_says_what_answers_and_why_it_does_not(build, releases, sign):
    build("r1")
    promote(releases, "r1", GateBounds(), sign())
    build("r2", age_hours=200.0)
    with pytest.raises(PromotionBlockedError):
        promote(releases, "r2", GateBounds(), sign())
    text = standing_text(standing(releases))
    assert "Release r2 is not live, r1 goes on answering:" in text
    assert "- freshness: the newest row of the log was 200 hours old" in text
    assert "missed by 32" in text


def test_a_release_that_nobody_promoted_can_be(build, releases):
    build("r1")
    text = standing_text(standing(releases))
    assert text == (
        "Release r1 is not live, nothing answers online; `topshelf promote r1` makes it live."
    )


def test_without_a_release_there_is_nothing_to_say(releases):
    assert standing_text(standing(releases)) == "There is no release to answer online."
