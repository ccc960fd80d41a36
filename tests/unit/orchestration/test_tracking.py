"""Records in a real store of MLflow: a SQLite file and a folder."""

import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from ml.als import AlsParams
from ml.ranker_params import RankerParams
from orchestration.assets.tracking import tracked_run, used_settings
from orchestration.fingerprint import log_fingerprint
from orchestration.resources import MappedLog, Warehouse
from orchestration.reviewed import ReviewedSettings
from orchestration.run_record import trial_records
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.tracking import Record, TrackingError, record

READ = """
create or replace schema staging;
create or replace schema intermediate;
create table staging.stg_events__deliveries as from (values
    ('u1', 'i1', 'view', null::varchar), ('u2', 'i2', 'view', null)
) as deliveries (user_id, item_id, role, reject_reason);
create table staging.stg_catalog__items as select 'i1' as item_id;
create table staging.stg_catalog__users as select 'u1' as user_id;
create table staging.stg_impressions__shown as select 'r1' as request_id limit 0;
create table intermediate.int_interactions as
select * from (values (timestamp '2026-01-01'), (timestamp '2026-01-03')) as rows (interacted_at);
"""
MEASURED = """
create schema serving;
create schema evaluation;
create schema ml;
create table serving.rec_release as select 'release-1' as release_id;
create table evaluation.evl_metric_intervals as
select * from (values
    ('new_items', 'als', 'ndcg_10', 0.25::double, 0.2::double, 0.3::double),
    ('new_items', 'two_stage', 'ndcg_10', 0.5, null, null)
) as rows (setting, system, metric, value, lower, upper);
create table ml.ranker_metrics as select 'auc' as name, 0.75::double as value;
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def settings(home) -> Settings:
    return Settings(home=home)


@pytest.fixture
def store(settings) -> MlflowClient:
    return MlflowClient(settings.tracking_store)


@pytest.fixture
def nowhere(tmp_path) -> Settings:
    """Name a server that does not exist."""
    return Settings(home=tmp_path, tracking_uri="http://127.0.0.1:9")


def runs(store, experiment):
    found = store.get_experiment_by_name(experiment)
    return store.search_runs([found.experiment_id], order_by=["attributes.start_time ASC"])


def test_a_run_keeps_what_was_chosen_what_came_of_it_and_its_plots(settings, store, tmp_path):
    picture = tmp_path / "ndcg_10.png"
    picture.write_bytes(b"a picture")
    before = set(Path.cwd().iterdir())
    entry = Record(
        name="release-1",
        params={"als.factors": 64, "sql.repeats": False},
        metrics={"new_items.als.ndcg_10": 0.25, "ranker.auc": math.nan},
        tags={"data.content": "abc"},
        files=[picture],
    )
    run_id = record(settings, "shop", entry)
    run = store.get_run(run_id)
    assert run.info.run_name == "release-1"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"als.factors": "64", "sql.repeats": "False"}
    assert run.data.metrics == {"new_items.als.ndcg_10": 0.25}
    assert run.data.tags["data.content"] == "abc"
    assert [file.path for file in store.list_artifacts(run_id, "plots")] == ["plots/ndcg_10.png"]
    assert (settings.tracking_files / run_id / "artifacts" / "plots" / "ndcg_10.png").is_file()
    assert set(Path.cwd().iterdir()) == before


def test_more_metrics_than_a_call_may_hold_are_all_kept(settings, store):
    metrics = {f"metric_{number}": float(number) for number in range(250)}
    run_id = record(settings, "many", Record("r", metrics=metrics))
    assert store.get_run(run_id).data.metrics == metrics


def test_trials_are_nested_in_their_study_and_recorded_once(settings, store):
    trials = pd.DataFrame(
        {
            "study": ["als-1", "als-1", "als-2", "als-1"],
            "trial_number": [0, 1, 0, 2],
            "parameters": '{"factors": 8}',
            "value": [0.25, 0.125, 0.75, None],
            "seconds": 1.5,
            "state": ["complete", "pruned", "complete", "failed"],
            "fold_count": [2, 1, 2, 0],
        }
    )
    study = Record("als-1", metrics={"best_ndcg_10": 0.25})
    parent = record(settings, "tuned", study, trial_records(trials.head(3), "als-1"))
    again = replace(study, metrics={"best_ndcg_10": 0.5})
    assert record(settings, "tuned", again, trial_records(trials, "als-1")) == parent
    found = runs(store, "tuned")
    children = [run for run in found if run.data.tags.get("mlflow.parentRunId") == parent]
    assert len(found) == 4
    assert {run.info.run_name: run.info.status for run in children} == {
        "trial 0": "FINISHED",
        "trial 1": "KILLED",
        "trial 2": "FAILED",
    }
    assert {run.info.run_name: run.data.metrics.get("ndcg_10") for run in children} == {
        "trial 0": 0.25,
        "trial 1": 0.125,
        "trial 2": None,
    }
    assert all(run.data.params == {"factors": "8"} for run in children)
    assert store.get_run(parent).data.metrics == {"best_ndcg_10": 0.5}
    assert len(store.get_metric_history(parent, "best_ndcg_10")) == 2


def test_a_server_that_does_not_answer_is_one_message_and_soon(nowhere):
    began = time.monotonic()
    with pytest.raises(TrackingError, match=r"^MLflow at http://127.0.0.1:9 took no record: "):
        record(nowhere, "shop", Record("r"))
    assert time.monotonic() - began < 60


def test_a_store_that_is_no_store_is_one_message(tmp_path):
    (tmp_path / "no.db").write_text("this is no database, and long enough to be taken for one")
    broken = Settings(home=tmp_path, tracking_uri=f"sqlite:///{tmp_path}/no.db")
    with pytest.raises(TrackingError, match="took no record"):
        record(broken, "shop", Record("r"))


def test_mlflow_is_not_imported_before_it_is_needed():
    code = "import sys, orchestration.tracking as t; print('mlflow' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "False"


def test_the_choice_of_the_launchpad_is_what_was_used():
    config = {
        "ops": {
            "factorisation": {"config": {"factors": 16, "limit": 9, "seed": None}},
            "ranker": {"config": {"iterations": 7}},
            "snapshot": {},
        }
    }
    used = used_settings(ReviewedSettings(als=AlsParams(seed=3)), config)
    assert used.als == AlsParams(factors=16, seed=3)
    assert used.ranker == RankerParams(iterations=7)
    assert used_settings(ReviewedSettings(), {}) == ReviewedSettings()


def test_the_fingerprint_changes_with_the_content_and_not_with_the_order():
    with duckdb.connect() as connection:
        connection.execute(READ)
        first = log_fingerprint(connection)
        assert (first.row_count, first.first_at, first.last_at) == (
            2,
            "2026-01-01 00:00:00",
            "2026-01-03 00:00:00",
        )
        connection.execute(
            "create or replace table staging.stg_events__deliveries as "
            "from staging.stg_events__deliveries order by user_id desc"
        )
        # Which of two equal rows is the repeated one is chance.
        connection.execute(
            "update staging.stg_events__deliveries set reject_reason = 'repeated' "
            "where user_id = 'u1'"
        )
        assert log_fingerprint(connection) == first
        for change in (
            "update staging.stg_events__deliveries set item_id = 'i3' where user_id = 'u2'",
            "insert into staging.stg_events__deliveries values ('u2', 'i2', 'view', 'repeated')",
            "update staging.stg_catalog__users set user_id = 'u9'",
        ):
            before = log_fingerprint(connection)
            connection.execute(change)
            assert log_fingerprint(connection).content != before.content


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_run_goes_on_without_its_record(settings, nowhere, store, is_broken):
    chosen = nowhere if is_broken else settings
    log = MappedLog(
        home=str(chosen.home),
        mapping="sample",
        project_root=str(PROJECT_ROOT),
        tracking_uri=chosen.tracking_uri,
    )
    log.places().make_folders()
    (log.places().plots / "ndcg_10.png").write_bytes(b"a picture")
    (log.places().plots / "tuning_als_history.png").write_bytes(b"of a search")
    with duckdb.connect(str(log.places().warehouse)) as connection:
        connection.execute(READ)
        connection.execute(MEASURED)
    outcome = dg.materialize([tracked_run], resources={"log": log, "warehouse": Warehouse(log=log)})
    assert outcome.success
    # A server may be restarting: it is asked three times.
    assert outcome.retry_attempts_for_node("tracking__run") == (2 if is_broken else 0)
    (event,) = outcome.asset_materializations_for_node("tracking__run")
    if is_broken:
        assert "took no record" in event.metadata["warning"].value
        return
    run = store.get_run(event.metadata["mlflow_run_id"].value)
    assert run.info.run_name == "release-1"
    assert run.data.metrics == {
        "new_items.als.ndcg_10": 0.25,
        "new_items.als.ndcg_10.lower": 0.2,
        "new_items.als.ndcg_10.upper": 0.3,
        "new_items.two_stage.ndcg_10": 0.5,
        "ranker.auc": 0.75,
    }
    assert run.data.params["als.factors"] == str(AlsParams.factors)
    assert run.data.tags["data.row_count"] == "2"
    assert [file.path for file in store.list_artifacts(run.info.run_id, "plots")] == [
        "plots/ndcg_10.png"
    ]
