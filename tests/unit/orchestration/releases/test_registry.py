import json
import os
import shutil
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
    assert adopt(settings, "shop", releases, GateBounds()) == []
    for _ in range(2):
        register(settings, "shop", releases, local)
    assert read_registered(settings, "shop") == Registered(
        local, {"live": "r2", "canary": "r3", "previous": "r1"}
    )
    assert adopt(settings, "shop", releases, GateBounds()) == []
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
    assert adopt(settings, "shop", releases, GateBounds()) == []
    assert read_pointers(releases) == Pointers(local.version + 1, live="r3", previous="r1")
    change = read_history(releases)[-1]
    assert (change.action, change.changed_by, change.trail) == ("adopt", "MLflow", ["r1", "r2"])
    register(settings, "shop", releases, mend(releases))
    assert set(read_registered(settings, "shop").aliases) == {"live", "previous"} < set(ALIASES)


@pytest.fixture
def shared(build, releases, sign, settings):
    """Two releases that MLflow knows, the first of them live; `move(alias, name)` is its pages."""
    build("r1")
    build("old", age_hours=200.0)
    promote(releases, "r1", GateBounds(), sign())
    register(settings, "shop", releases, read_pointers(releases))

    def move(alias, release):
        with tracking_client(settings) as client:
            name = model_name("shop")
            if release is None:
                client.delete_registered_model_alias(name, alias)
            for version in client.search_model_versions(f"name = '{name}'"):
                if version.tags["topshelf.release_id"] == release:
                    client.set_registered_model_alias(name, alias, version.version)

    return move


def damage(release):
    os.truncate(release / "list_item.npy", 130)


@pytest.mark.parametrize(
    ("alias", "name", "harm", "said"),
    [
        ("live", "old", None, "freshness: the newest row of the log was 200 hours old"),
        ("live", "old", damage, "list_item.npy"),
        ("canary", "old", damage, "list_item.npy"),
        ("canary", "old", shutil.rmtree, "does not hold old"),
        ("live", None, None, "no release would be live"),
    ],
)
def test_what_a_command_would_refuse_is_not_taken_over_and_put_back(
    alias, name, harm, said, shared, releases, settings, monkeypatch
):
    monkeypatch.setattr(keeping, "mirror", lambda *_: 0)
    before = read_pointers(releases)
    shared(alias, name)
    if harm:
        harm(releases / name)
    (warning,) = keeping.catch_up(settings, "shop", None, releases, GateBounds())
    assert said in warning
    assert read_pointers(releases) == before
    assert read_registered(settings, "shop").aliases == {"live": "r1"}
    change = read_history(releases)[-1]
    assert (change.action, change.changed_by, change.reason) == ("blocked", "MLflow", warning)
    assert change.release_id == (name or "r1")
    assert [gate["name"] for gate in change.gates] == (["freshness"] if "hours" in said else [])
    assert keeping.catch_up(settings, "shop", None, releases, GateBounds()) == []


def test_what_was_forced_elsewhere_is_held_against_no_gate_again(shared, releases, settings, sign):
    journal, aliases = releases / "history.jsonl", releases / "aliases.json"
    kept = journal.read_bytes(), aliases.read_bytes()
    promote(releases, "old", GateBounds(), sign("the log is closed"), force=True)
    register(settings, "shop", releases, read_pointers(releases))
    # Another machine has the same releases, and has not heard of it.
    journal.write_bytes(kept[0])
    aliases.write_bytes(kept[1])
    assert adopt(settings, "shop", releases, GateBounds()) == []
    assert read_pointers(releases).live == "old"


def test_a_registry_that_does_not_answer_stops_nothing(build, releases, sign, monkeypatch):
    build("r1")
    promote(releases, "r1", GateBounds(), sign())

    def no_answer(*_):
        raise TrackingError("MLflow at http://localhost:1 took no record")

    monkeypatch.setattr(keeping, "read_registered", no_answer)
    monkeypatch.setattr(keeping, "mirror", lambda *_: 0)
    (warning,) = keeping.catch_up(Settings(), "shop", None, releases, GateBounds())
    assert warning.endswith("the aliases are in effect, and the next command records them")
    assert read_pointers(releases).live == "r1"
