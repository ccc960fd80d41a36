"""A settings file beside a mapping, from the file to what is built."""

import shutil

import dagster as dg
import duckdb
import pytest

from orchestration.definitions import build_definitions
from orchestration.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.integration

WRITTEN = """\
# Chosen by a test.
sql:
  training_cutoffs: 1
  history_items: 7
als:
  factors: 4
  iterations: 2
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Put the sample's mapping in a folder of its own, with settings beside it."""
    home = tmp_path_factory.mktemp("home")
    mapping = home / "shop.yml"
    shutil.copy(PROJECT_ROOT / "mappings" / "sample.yml", mapping)
    (home / "shop.settings.yml").write_text(WRITTEN)
    return Settings(home=home, mapping=str(mapping))


@pytest.fixture(scope="module")
def run(settings) -> dg.ExecuteInProcessResult:
    """Build all that the factorisation needs, and factorise."""
    built = dg.AssetSelection.assets(["ml", "factors"], ["intermediate", "int_user_histories"])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.environment().items():
            patch.setenv(name, value)
        settings.dagster_home.mkdir()
        definitions = build_definitions(settings)
        wanted = (
            built.upstream()
            .required_multi_asset_neighbors()
            .resolve(definitions.resolve_asset_graph())
        )
        return definitions.resolve_job_def("topshelf").execute_in_process(
            asset_selection=list(wanted)
        )


def test_dbt_and_the_models_use_what_is_written(run, settings):
    assert run.success
    with duckdb.connect(str(settings.places("sample").warehouse), read_only=True) as connection:
        cutoffs = connection.execute("select role from intermediate.int_cutoffs").fetchall()
        longest = connection.execute(
            "select max(history_position) from intermediate.int_user_histories"
        ).fetchone()
        sizes = connection.execute("select distinct len(factors) from ml.factors").fetchall()
    assert sorted(cutoffs) == [("evaluate",), ("serve",), ("train",)]
    assert longest == (7,)
    assert sizes == [(4,)]


def test_the_run_says_which_file_it_used(run, settings):
    (materialization,) = run.asset_materializations_for_node("mapped_log")[:1]
    assert materialization.metadata["settings_file"].value == str(
        settings.home / "shop.settings.yml"
    )
    assert materialization.metadata["settings"].value == {
        "sql": {"training_cutoffs": 1, "history_items": 7},
        "als": {"factors": 4, "iterations": 2},
    }
