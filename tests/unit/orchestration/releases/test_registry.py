import json
from dataclasses import replace

import pytest

from orchestration.releases import keeping
from orchestration.releases.aliases import mend, read_history
from orchestration.releases.bounds import GateBounds
from orchestration.releases.keeping import adopt
from orchestration.releases.promotion import promote, start_canary
from orchestration.releases.registry import (
    ALIASES,
    Registered,
    model_name,
    moved_by_hand,
    read_registered,
    register,
)
from orchestration.settings import Settings
from orchestration.tracking import TrackingError, tracking_client
from serving.pointers import Canary, Pointers, read_pointers

LOCAL = Pointers(4, live="r2", canary=Canary("r3", 10, "r3"), previous="r1")
TOLD = {"live": "r2", "canary": "r3", "previous": "r1"}


def test_what_mlflow_was_told_is_not_taken_over():
    assert moved_by_hand(LOCAL, Registered(LOCAL, TOLD)) is None


def test_mlflow_that_lags_behind_is_not_listened_to():
    behind = Registered(replace(LOCAL, version=3, live="r1"), {"live": "r1"})
    assert moved_by_hand(LOCAL, behind) is None


def test_an_alias_moved_by_hand_is_taken_over():
    found = moved_by_hand(LOCAL, Registered(LOCAL, {**TOLD, "live": "r3"}))
    assert found == Pointers(5, live="r3", canary=Canary("r3", 10, "r3"), previous="r1")


def test_a_canary_named_by_hand_gets_a_small_share():
    found = moved_by_hand(LOCAL, Registered(LOCAL, {**TOLD, "canary": "r4"}))
    assert found.canary == Canary("r4", 5.0, "r4")


def test_what_another_machine_did_is_taken_over():
    ahead = replace(LOCAL, version=9, live="r5")
    found = moved_by_hand(LOCAL, Registered(ahead, {**TOLD, "live": "r5"}))
    assert (found.version, found.live) == (10, "r5")


def test_an_empty_registry_says_nothing():
    assert moved_by_hand(Pointers(), Registered(Pointers(), {})) is None
    assert moved_by_hand(LOCAL, Registered(Pointers(), {})) is None


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def test_the_registry_follows_and_is_listened_to(build, releases, sign, settings):
    for name in ("r1", "r2", "r3"):
        build(name)
    promote(releases, "r1", GateBounds(), sign("the first"))
    promote(releases, "r2", GateBounds(), sign())
    start_canary(releases, "r3", 10, sign())
    local = read_pointers(releases)

    # A crash before the last step: the aliases are half told, the tag is behind.
    with tracking_client(settings) as client:
        client.create_registered_model(model_name("shop"))
    assert adopt(settings, "shop", releases) == []
    for _ in range(2):
        register(settings, "shop", releases, local)
    assert read_registered(settings, "shop") == Registered(
        local, {"live": "r2", "canary": "r3", "previous": "r1"}
    )
    assert adopt(settings, "shop", releases) == []
    with tracking_client(settings) as client:
        name = model_name("shop")
        versions = {
            version.tags["topshelf.release_id"]: version
            for version in client.search_model_versions(f"name = '{name}'")
        }
        assert set(versions) == {"r1", "r2", "r3"}
        told = [value for key, value in versions["r1"].tags.items() if key.endswith(".promote")]
        assert [json.loads(value)["why"] for value in told] == ["the first"]
        # Somebody moves an alias in MLflow's pages.
        client.set_registered_model_alias(name, "live", versions["r3"].version)
        client.delete_registered_model_alias(name, "canary")
    assert adopt(settings, "shop", releases) == []
    assert read_pointers(releases) == Pointers(local.version + 1, live="r3", previous="r1")
    change = read_history(releases)[-1]
    assert (change.action, change.changed_by, change.trail) == ("adopt", "MLflow", ["r1", "r2"])
    register(settings, "shop", releases, mend(releases))
    assert set(read_registered(settings, "shop").aliases) == {"live", "previous"} < set(ALIASES)


def test_a_registry_that_does_not_answer_stops_nothing(build, releases, sign, monkeypatch):
    build("r1")
    promote(releases, "r1", GateBounds(), sign())

    def no_answer(*_):
        raise TrackingError("MLflow at http://localhost:1 took no record")

    monkeypatch.setattr(keeping, "read_registered", no_answer)
    monkeypatch.setattr(keeping, "mirror", lambda *_: 0)
    (warning,) = keeping.catch_up(Settings(), "shop", None, releases)
    assert warning.endswith("the aliases are in effect, and the next command records them")
    assert read_pointers(releases).live == "r1"
