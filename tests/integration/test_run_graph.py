"""The graph as Dagster loads it: no warehouse is needed."""

import json

import dagster as dg
import pytest

from orchestration.assets.dbt import (
    dbt_project,
    feature_models,
    list_models,
    ranking_models,
    serving_models,
)
from orchestration.assets.features import FEATURE_TABLES
from orchestration.definitions import build_definitions
from orchestration.settings import Settings
from orchestration.snapshot import TABLES

pytestmark = pytest.mark.integration

SNAPSHOT = dg.AssetKey(["published", "snapshot"])
RELEASE = dg.AssetKey(["published", "release"])


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    return build_definitions(Settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


def ancestors(graph, key):
    found, waiting = set(), [key]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


# What becomes of releases, between runs too: the graph checks it and does not make it.
HISTORY = {dg.AssetKey(["ml", name]) for name in ("release_changes", "shadow_comparisons")}


def test_the_lineage_has_no_hole(graph):
    keys = graph.get_all_asset_keys()
    roots = {key.to_user_string() for key in keys if not graph.get(key).parent_keys}
    mapped = {
        f"mapped/{name}"
        for name in ("events", "items", "users", "impressions", "assignments", "experiments")
    }
    decided = {"seeds/event_types", "seeds/rules", "seeds/experiments", "experiments/exp_metrics"}
    assert roots == mapped | decided | {key.to_user_string() for key in HISTORY}
    assert all(graph.get(key).is_materializable for key in keys - HISTORY)


def test_what_is_published_comes_from_the_log(graph):
    assert dg.AssetKey(["mapped", "events"]) in ancestors(graph, SNAPSHOT)


def test_nothing_is_published_before_all_it_holds_is_built(graph):
    parents = {".".join(key.path) for key in graph.get(SNAPSHOT).parent_keys}
    assert set(TABLES) <= parents


def test_dbt_knows_who_reads_its_tables(graph):
    manifest = json.loads(dbt_project.manifest_path.read_text(encoding="utf-8"))
    nodes = {**manifest["nodes"], **manifest["sources"]}
    # Tables of Python that no model reads are none of dbt's sources.
    known = {(node["schema"], node["name"]) for node in nodes.values()}
    read = {
        "published_snapshot": {tuple(table.split(".")) for table in TABLES},
        "online_application": {tuple(key.path) for key in graph.get(RELEASE).parent_keys},
        "feature_store": {("features", table) for table in FEATURE_TABLES},
    }
    for name, tables in read.items():
        used = manifest["exposures"][f"exposure.topshelf.{name}"]["depends_on"]["nodes"]
        assert {(nodes[node]["schema"], nodes[node]["name"]) for node in used} == tables & known


def test_every_model_belongs_to_one_of_the_four_runs():
    runs = [feature_models, ranking_models, list_models, serving_models]
    keys = [key for run in runs for key in run.keys]
    assert len(keys) == len(set(keys))
    assert all(run.keys for run in runs)


def test_every_run_of_dbt_happens_once(definitions):
    # Dagster splits a run in two when it depends on itself by way of another asset.
    names = sorted(node.name for node in definitions.resolve_job_def("topshelf").nodes)
    assert [name for name in names if "_models" in name] == [
        "feature_models",
        "list_models",
        "ranking_models",
        "serving_models",
    ]


def test_whatever_opens_the_warehouse_waits_for_its_turn(definitions):
    free = {
        node.name
        for node in definitions.resolve_job_def("topshelf").nodes
        if "warehouse" not in node.definition.pools
    }
    assert free == {"feature_store__registry"}


def test_every_table_that_python_writes_is_checked(graph):
    written = {key for key in graph.get_all_asset_keys() if key.path[0] == "ml"}
    checked = {
        check.asset_key for check in graph.asset_check_keys if check.name == "matches_schema"
    }
    assert checked == written


def test_every_feature_table_is_exported(graph):
    tables = {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == "features"}
    assert set(FEATURE_TABLES) == tables


def test_the_served_tables_can_be_built_alone(definitions):
    job = definitions.resolve_job_def("serve_only")
    assert {node.name for node in job.nodes} == {
        "feature_models",
        "serving_models",
        "published__snapshot",
        "published__release",
        "published__promotion",
    }
    # What can be had is asked anew; the log is not.
    built = {key.path[-1] for key in job.asset_layer.selected_asset_keys}
    assert {name for name in built if name.startswith("stg_")} == {
        "stg_catalog__items",
        "stg_catalog__users",
    }


def test_measuring_learns_nothing_and_leaves_the_moments_of_the_lists(definitions):
    job = definitions.resolve_job_def("measure")
    assert {node.name for node in job.nodes if not node.name.endswith("_schema")} == {
        "mapped_log",
        "feature_models",
        "experiments__exp_checks_interactions_find_their_lists",
        "experiments",
        "serving_models",
        "published__snapshot",
    }
    built = {key.path[-1] for key in job.asset_layer.selected_asset_keys}
    assert {"int_log_end", "int_interactions", "exp_results", "exp_decisions"} <= built
    assert {"ret_cohorts", "ret_activity", "mon_rejected_experiments"} <= built
    # Rules, lists and searches take the moments that the last run made.
    assert not built & {"int_cutoffs", "exp_logged_actions", "off_policy_values", "factors"}
    assert not {key for key in job.asset_layer.selected_asset_keys if key.path[0] == "seeds"}
