"""A project that lies elsewhere than when it was parsed."""

import shutil

import duckdb
import pytest
import yaml

from orchestration.settings import Settings
from orchestration.tuning.dbt import run_dbt

PROJECT = {"name": "words", "profile": "words", "seed-paths": ["seeds"]}
TARGET = {
    "type": "duckdb",
    "path": "{{ env_var('TOPSHELF_HOME') }}/{{ var('mapping')['name'] }}/warehouse.duckdb",
    "keep_open": False,
}
PROFILE = {"words": {"target": "in_process", "outputs": {"in_process": TARGET}}}


@pytest.fixture
def project(tmp_path):
    """Write a project that is a seed and nothing else."""
    folder = tmp_path / "here"
    (folder / "seeds").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(PROJECT), encoding="utf-8")
    (folder / "profiles.yml").write_text(yaml.safe_dump(PROFILE), encoding="utf-8")
    (folder / "seeds" / "words.csv").write_text("word\nhello\n", encoding="utf-8")
    return folder


def test_seeds_are_read_where_the_project_lies_now(project, tmp_path):
    def build(root):
        settings = Settings(home=tmp_path / "home", mapping="sample", project_root=root)
        run_dbt(settings, ["build"], ["words"], {"mapping": {"name": "shop"}})

    build(project)
    moved = shutil.move(project, tmp_path / "there")
    build(moved)
    with duckdb.connect(str(tmp_path / "home" / "shop" / "warehouse.duckdb")) as connection:
        assert connection.execute("select word from words").fetchall() == [("hello",)]
