"""What a search writes, and what it leaves alone."""

from datetime import datetime

import pytest

from orchestration.mapping import load_mapping, settings_file
from orchestration.reviewed import load_reviewed, read_reviewed
from orchestration.settings import PROJECT_ROOT
from orchestration.tuning.plan import PartResult
from orchestration.tuning.writing import comment_of, content_of, write_found

BEFORE = "sql: {recommendations_per_user: 30}\n"
# What a person makes of it while the search goes on.
MEANWHILE = "# The widget has five places.\nsql: {recommendations_per_user: 5}\n"


@pytest.fixture
def mapping(tmp_path):
    """Give a mapping in a folder where settings may be written."""
    file = tmp_path / "shop.yml"
    file.write_text((PROJECT_ROOT / "mappings" / "sample.yml").read_text())
    return load_mapping(str(file), PROJECT_ROOT)


@pytest.fixture
def search(mapping):
    """Give `search(meanwhile, accept=…)`: a search that finds factors, and what happens during it.

    It sets out from what the settings file says.
    """

    def run(meanwhile=lambda file: None, *, accept=True):
        file = settings_file(mapping)
        content, present = content_of(file), load_reviewed(mapping, PROJECT_ROOT)
        meanwhile(file)
        chosen = present.with_values("als", {"factors": 96})
        results = [PartResult("als", "als-1", 3, 0, 0, 0.1, 0.2, 2, {"factors": 96})]
        told = comment_of(mapping, [datetime(2026, 2, 1)], "new_items", present, results)
        return write_found(mapping, PROJECT_ROOT, chosen, told, content, accept=accept)

    return run


def test_what_was_found_takes_the_place_of_what_the_search_began_with(search, mapping):
    settings_file(mapping).write_text(BEFORE)
    assert search() == (settings_file(mapping), "")
    found = read_reviewed(settings_file(mapping), PROJECT_ROOT)
    assert (found.als.factors, found.sql["recommendations_per_user"]) == (96, 30)


def test_without_leave_only_a_proposal_is_written(search, mapping):
    file, reason = search(lambda file: file.write_text(MEANWHILE), accept=False)
    assert (file.name, reason) == ("shop.settings.proposed.yml", "")


@pytest.mark.parametrize("before", [BEFORE, None])
def test_what_a_person_changed_during_the_search_is_kept(search, mapping, before):
    if before:
        settings_file(mapping).write_text(before)
    file, reason = search(lambda file: file.write_text(MEANWHILE))
    assert settings_file(mapping).read_text() == MEANWHILE
    assert file.name == "shop.settings.proposed.yml"
    assert reason.startswith("shop.settings.yml was changed during the search")
    assert "# shop.settings.yml was changed during the search" in file.read_text()
    assert read_reviewed(file, PROJECT_ROOT).als.factors == 96


def test_a_file_that_was_removed_during_the_search_does_not_come_back(search, mapping):
    settings_file(mapping).write_text(BEFORE)
    file, _ = search(lambda file: file.unlink())
    assert file.name == "shop.settings.proposed.yml"
    assert not settings_file(mapping).exists()
