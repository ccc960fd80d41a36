"""What the thread that asks the shadow release keeps."""

import gc
import time
import weakref

from serving.bundle import Bundle
from serving.ladder import Wish, listed
from serving.metrics import Metrics
from serving.shadowing import Shadow, ShadowRequest
from tests.unit.serving.recent import NOW
from tests.unit.serving.shop_release import USER_IDS, make_shop

PATIENCE_SECONDS = 10


def request_of(live: Bundle, shadow: Bundle) -> ShadowRequest:
    """Return a request that the live release has answered."""
    wish = Wish(USER_IDS[4], 5)
    entries = listed(live, wish, [], NOW).entries
    return ShadowRequest("r1", wish, [], NOW, live, shadow, entries)


def test_releases_are_let_go_of_when_a_request_was_repeated(tmp_path):
    folders = [make_shop(tmp_path / "releases", name) for name in ("shop-1", "shop-2")]
    live, shadow = (Bundle.open(folder) for folder in folders)
    metrics = Metrics()
    shadows = Shadow(tmp_path / "shadow", metrics, lambda: NOW)
    held = [weakref.ref(live), weakref.ref(shadow)]
    gc.disable()
    try:
        shadows.repeat(request_of(live, shadow))
        del live, shadow
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(one() for one in held) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [one() for one in held] == [None, None]
    finally:
        gc.enable()
        shadows.close()
    assert 'topshelf_shadow_total{outcome="compared"} 1.0' in metrics.exposition().decode()
