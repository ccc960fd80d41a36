"""What the ranker is told of a user and some items, at a request."""

from datetime import UTC, datetime

import numpy as np
import pytest

from serving.bundle import Bundle
from serving.ranker_inputs import ranker_inputs
from serving.signals import signals_of
from serving.taste import taste_of
from tests.unit.serving.shop_release import USER_IDS, make_shop

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("blend_score", "als_score", "covisited_ratio")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return Bundle.open(make_shop(tmp_path_factory.mktemp("shop")))


def test_the_blend_adds_up_shares_of_what_each_source_says_best(bundle):
    taste = taste_of(bundle, USER_IDS[4], [], NOW)
    strengths = dict.fromkeys(taste.history.tolist(), 1.0)
    signals = signals_of(bundle, taste.items, strengths, np.empty(0, dtype=np.int64))
    items = np.arange(bundle.item_count)
    inputs = ranker_inputs(bundle, NAMES, taste, items, signals, NOW.timestamp())
    blend, als, covisited = inputs.T
    settings = bundle.manifest.get("settings", {})
    weights = [float(settings.get(f"sql.blend_{name}_weight", 1)) for name in ("als", "covisited")]
    positive = np.clip(np.nan_to_num(als), 0, None)
    expected = weights[0] * positive / positive.max() + weights[1] * np.nan_to_num(covisited)
    assert positive.max() > 0
    assert np.nan_to_num(covisited).max() == 1
    assert np.nan_to_num(blend) == pytest.approx(expected)
    assert np.isnan(blend[expected == 0]).all()
