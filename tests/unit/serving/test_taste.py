from datetime import timedelta

import pytest

from serving.bundle import Bundle
from serving.taste import cutoff_of, taste_of
from tests.unit.serving.recent import NOW, event
from tests.unit.serving.shop_release import make_shop


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("shop")))


def test_events_that_the_release_knows_are_not_counted_again(bundle):
    early = cutoff_of(bundle) - timedelta(seconds=1)
    late = event("i10", at=early, landed_at=cutoff_of(bundle).timestamp())
    assert taste_of(bundle, "u04", [event("i10", at=early)], NOW).lately == ()
    assert len(taste_of(bundle, "u04", [late], NOW).lately) == 1


def test_the_weights_of_events_decay_and_are_capped_as_in_sql(bundle):
    # Views have a half-life of 30 days and count twice a day at most; purchases 90 days.
    month_ago = NOW - timedelta(days=30)
    release = [cutoff_of(bundle).timestamp()]
    views = [
        event("i10", at=month_ago + timedelta(minutes=n), landed_at=release[0] + n)
        for n in range(5)
    ]
    taste = taste_of(bundle, "u04", [*views, event("i10", "purchase")], NOW)
    (lately,) = taste.lately
    assert lately.weight == pytest.approx(2 * 0.5 + 5.0, rel=1e-3)
    assert (lately.events, lately.positives) == (6, 1)
