import os

import pytest

from orchestration.manifest import is_outdated


@pytest.fixture
def project(tmp_path):
    """Make a project whose files are older than its manifest."""
    for name in ("dbt_project.yml", "models/staging/stg_events.sql", "target/manifest.json"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('{"nodes": {}}')
    for path in tmp_path.rglob("*"):
        os.utime(path, (1000, 1000))
    os.utime(tmp_path / "target" / "manifest.json", (2000, 2000))
    return tmp_path


def outdated(project):
    return is_outdated(project / "target" / "manifest.json", project)


def test_a_manifest_younger_than_all_that_is_parsed_is_kept(project):
    assert not outdated(project)


def test_a_fresh_clone_has_no_manifest(project):
    (project / "target" / "manifest.json").unlink()
    assert outdated(project)


def test_a_manifest_that_was_cut_while_it_was_written_is_outdated(project):
    manifest = project / "target" / "manifest.json"
    whole = manifest.read_bytes()
    for size in range(len(whole)):
        manifest.write_bytes(whole[:size])
        assert outdated(project), size


def test_a_changed_model_makes_it_outdated(project):
    os.utime(project / "models" / "staging" / "stg_events.sql", (3000, 3000))
    assert outdated(project)


def test_a_removed_model_makes_it_outdated(project):
    (project / "models" / "staging" / "stg_events.sql").unlink()
    assert outdated(project)


def test_files_that_dbt_does_not_parse_do_not_count(project):
    (project / "README.md").write_text("new")
    assert not outdated(project)
