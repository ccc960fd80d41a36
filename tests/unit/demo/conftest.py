"""A release for users of the simulation."""

import pytest

from tests.unit.serving import shop_release


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """Make a release whose ids are those of the simulation; its folder."""
    with pytest.MonkeyPatch.context() as patch:
        users = [f"u{number:05d}" for number in range(shop_release.USERS)]
        items = [f"i{number:04d}" for number in range(shop_release.ITEMS)]
        patch.setattr(shop_release, "USER_IDS", users)
        patch.setattr(shop_release, "ITEM_IDS", items)
        return shop_release.make_shop(tmp_path_factory.mktemp("home") / "releases")
