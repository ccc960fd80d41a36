"""Asking an application for lists, and pointing it to a release as a promotion does."""

import json
import time
from urllib.parse import quote

from serving.contracts import Recommendations
from serving.pointers import ALIASES, FORMAT_VERSION
from tests.unit.serving.shop_release import USER_IDS

USER = USER_IDS[4]
PATIENCE_SECONDS = 30


def point(home, release_id, **more):
    """Write the aliases, as a promotion does."""
    told = {"format_version": FORMAT_VERSION, "version": 1, "live": release_id, "canary": None}
    content = {**told, "shadow": None, "previous": None, **more}
    new = home / "releases" / "new"
    new.write_text(json.dumps(content))
    new.replace(home / "releases" / ALIASES)


def wait_for(client, release_id):
    """Wait until a release is open: what was live before is opened after what answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while release_id not in client.app.state.parts.shelved().bundles:
        assert time.monotonic() < deadline, f"{release_id} was not opened"
        time.sleep(0.02)


def ask(client, user_id=USER, **query):
    answer = client.get(f"/v1/recommendations/{quote(user_id, safe='')}", params=query)
    assert answer.status_code == 200, answer.text
    return Recommendations.model_validate(answer.json())


def shown(answer):
    return [item.item_id for item in answer.items]
