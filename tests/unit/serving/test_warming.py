"""What is made at first use is made before anybody asks, whoever and whatever comes first."""

import numpy as np

from serving.bundle import Bundle
from serving.warming import warm
from tests.unit.serving import shop_release
from tests.unit.serving.shop_release import ITEM_IDS, make_shop


def is_ready(bundle: Bundle) -> tuple[bool, bool]:
    """Tell whether something was proposed by vectors, and whether something was ranked."""
    return "offered_factors" in vars(bundle), "nodes" in vars(bundle.ranker.trees)


def test_the_first_user_may_have_no_list(tmp_path, monkeypatch):
    monkeypatch.setattr(shop_release, "BLANK_USERS", (0, 29))
    bundle = Bundle.open(make_shop(tmp_path))
    assert not bundle.has_list(0)
    warm(bundle)
    assert is_ready(bundle) == (True, True)


def test_the_first_item_may_have_no_vector(tmp_path, monkeypatch):
    known = shop_release.interactions()
    others = known[known["item_id"] != ITEM_IDS[0]]
    monkeypatch.setattr(shop_release, "interactions", lambda: others)
    bundle = Bundle.open(make_shop(tmp_path))
    assert bundle.arrays["item_factor_row"][0] == -1
    # Nor does a history speak for the user.
    bundle.arrays["history_starts"] = np.zeros_like(bundle.arrays["history_starts"])
    warm(bundle)
    assert is_ready(bundle) == (True, True)
