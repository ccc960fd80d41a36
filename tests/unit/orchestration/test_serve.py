"""What `topshelf serve` makes of its settings, and what it refuses."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.serve import serve_in_terminal, serving_settings
from orchestration.settings import Settings, read_settings
from serving.settings import Exploration
from tests.unit.orchestration.test_running_experiments import published
from tests.unit.serving.shop_release import make_shop

KEY = "a-key-of-enough-characters"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_the_application_works_in_the_folder_of_the_log(settings):
    chosen = serving_settings(settings)
    assert chosen.home == settings.home / "sample"
    assert (chosen.project, chosen.keys, chosen.exploration.rate) == ("topshelf_sample", (), 0)


def test_an_experiment_may_name_a_release_that_is_on_the_disk(settings):
    places = settings.places("sample")
    make_shop(places.releases)
    arms = "old:0.5:{} new:0.5:live"
    published(
        places.snapshot,
        (1, "served", arms.format("shop-1"), None),
        (2, "elsewhere", arms.format("shop-2"), None),
    )
    (found,) = serving_settings(settings).experiments
    assert (found.experiment.experiment_id, found.named_releases) == ("served", {"shop-1"})


def test_keys_come_from_the_environment_and_from_a_file(settings, tmp_path):
    (tmp_path / "keys").write_text(f"# ours\nshop read {KEY}\n")
    told = replace(settings, api_keys=f"app write {KEY}2", api_keys_file=str(tmp_path / "keys"))
    assert [key.name for key in serving_settings(told).keys] == ["app", "shop"]
    assert KEY not in repr(told)


def test_what_was_exported_is_what_a_worker_reads(settings):
    told = replace(
        settings,
        online_store="redis://cache:6379/1",
        api_keys=f"app write {KEY}",
        explore=0.25,
        explore_rank=3,
        explore_depth=8,
        metrics_folder="/somewhere",
    )
    read = read_settings(told.environment())
    assert serving_settings(read) == serving_settings(replace(told, home=read.home))
    assert serving_settings(read).exploration == Exploration(rate=0.25, rank=3, depth=8)


def test_a_worker_does_not_explore_where_its_parent_was_told_not_to(monkeypatch):
    monkeypatch.setenv("TOPSHELF_EXPLORE", "0.2")
    with replace(read_settings(), explore=0.0).exported():
        assert read_settings().explore == 0


def test_the_place_that_explores_is_that_of_the_application_unless_it_is_told(settings):
    assert serving_settings(replace(settings, explore=0.25)).exploration == Exploration(rate=0.25)
    told = read_settings({"TOPSHELF_EXPLORE_RANK": "1", "TOPSHELF_EXPLORE_DEPTH": ""})
    assert (told.explore_rank, told.explore_depth) == (1, None)
    with pytest.raises(ValueError, match="TOPSHELF_EXPLORE_DEPTH must be a whole number >= 1"):
        read_settings({"TOPSHELF_EXPLORE_DEPTH": "0"})


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"mapping": "nothing"}, "nothing"),
        ({"online_store": "localhost:6379"}, "must be redis://"),
        ({"api_keys": "app write"}, "got 2 words"),
        ({"api_keys_file": "/no/such/file"}, "/no/such/file"),
        ({"explore": 2.0}, r"rate must be in \[0, 1\]"),
    ],
)
def test_settings_that_cannot_be_used_are_told_without_starting(settings, capsys, changed, rule):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("uvicorn.run", lambda *_, **__: pytest.fail("started"))
        assert serve_in_terminal(replace(settings, **changed), "127.0.0.1", 8299, 1) == 1
    assert re.search(rule, capsys.readouterr().err)


def test_without_keys_it_listens_to_this_machine_only(settings, capsys, monkeypatch):
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: pytest.fail("started"))
    assert serve_in_terminal(settings, "0.0.0.0", 8299, 1) == 2
    assert "TOPSHELF_API_KEYS" in capsys.readouterr().err
