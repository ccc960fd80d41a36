"""The search for better settings on the shipped sample: what it may see, keep and write."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime

import duckdb
import optuna
import pytest
import yaml

from orchestration.dbt_macros import dbt_macro
from orchestration.mapping import load_mapping
from orchestration.reviewed import ReviewedSettings, read_reviewed
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.tuning.folds import Fold, build_lists, warehouse_of

pytestmark = pytest.mark.integration

# The sample is served from 1 March on, with a horizon of 14 days.
TEST_PERIOD = datetime(2026, 2, 15)
COMPLETE = [optuna.trial.TrialState.COMPLETE]
SHOWN = {
    "evaluation.evl_baseline_lists": "*",
    "evaluation.evl_relevant_pairs": "*",
    "training.trn_user_item_weights": "* replace (round(weight, 6) as weight)",
    "candidates.cnd_user_covisited": "user_id, item_id, candidate_rank, cutoff_at",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    """Put the sample's mapping in a folder of its own, for the proposal is written beside it."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(PROJECT_ROOT / "mappings" / "sample.yml", home / "shop.yml")
    return Settings(home=home, mapping=str(home / "shop.yml"))


@pytest.fixture(scope="module")
def command(settings):
    """Return how to start a search with some options."""
    environment = {**os.environ, **settings.environment()}

    def start(*options: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "orchestration.cli", "tune", *options],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture(scope="module")
def found(command) -> dict:
    """Search all parts, three trials each and two at a time, on one fold."""
    process = command("--trials", "3", "--folds", "1", "--jobs", "2", "--json")
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output)


def rows(settings, query):
    with duckdb.connect(str(warehouse_of(settings)), read_only=True) as connection:
        return connection.execute(query).fetchall()


def complete_trials(settings, study):
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{settings.places('sample').tuning / 'studies.db'}"
    )
    return optuna.load_study(study_name=study, storage=storage).get_trials(states=COMPLETE)


def test_each_part_is_compared_with_the_present_settings(found, settings):
    assert [part["part"] for part in found["parts"]] == ["sql", "als", "blend", "ranker"]
    for part in found["parts"]:
        assert part["best_value"] >= part["present_value"] > 0
        assert part["complete"] + part["pruned"] + part["failed"] == 3
    trials = rows(
        settings,
        """
        select part, count(*), count(*) filter (where is_present), count(*) filter (where is_best)
        from evaluation.evl_trials
        group by part order by part
        """,
    )
    assert trials == [(part, 3, 1, 1) for part in ("als", "blend", "ranker", "sql")]


@pytest.mark.usefixtures("found")
def test_the_first_trial_has_the_settings_that_a_run_would_use(settings):
    ((tried,),) = rows(
        settings, "select parameters from evaluation.evl_trials where part = 'sql' and is_present"
    )
    defaults = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text())["vars"]
    assert json.loads(tried) == {name: defaults[name] for name in json.loads(tried)}


@pytest.mark.usefixtures("found")
def test_the_fold_ends_where_the_test_period_begins(settings):
    for state in ("lists", "frame"):
        home = settings.places("sample").tuning / "fold_1" / state
        fold = replace(settings, home=home, mapping=str(home / "sample.yml"))
        assert load_mapping(fold.mapping, PROJECT_ROOT).as_of == TEST_PERIOD
        ((last_label, last_cutoff),) = rows(
            fold, "select max(label_until), max(cutoff_at) from intermediate.int_cutoffs"
        )
        assert (last_label, last_cutoff) == (TEST_PERIOD, TEST_PERIOD)


@pytest.mark.usefixtures("found")
def test_a_log_without_its_test_period_gives_the_same_fold(settings, tmp_path):
    """What happened or was loaded in the test period is taken out of the source itself."""
    utc = dbt_macro("utc_timestamp", PROJECT_ROOT)
    source = PROJECT_ROOT / "seeds" / "sample" / "events.parquet"
    kept = " and ".join(
        f"coalesce({utc(column, 'UTC')} < timestamptz '{TEST_PERIOD}+00', true)"
        for column in ("occurred_at", "loaded_at")
    )
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"copy (from (select columns(*)::varchar from '{source}') where {kept}) "
            f"to '{tmp_path}/cut.parquet'"
        )
        counts = [
            connection.execute(f"select count(*) from '{file}'").fetchall()
            for file in (tmp_path / "cut.parquet", source)
        ]
    assert counts[0] < counts[1]
    folder = settings.places("sample").tuning / "fold_1" / "lists"
    whole = replace(settings, home=folder, mapping=str(folder / "sample.yml"))
    content = yaml.safe_load((folder / "sample.yml").read_text())
    content["mapping"]["events"]["relation"] = str(tmp_path / "cut.parquet")
    (tmp_path / "sample.yml").write_text(yaml.safe_dump(content))
    cut = replace(settings, home=tmp_path, mapping=str(tmp_path / "sample.yml"))
    build_lists(Fold(1, TEST_PERIOD, lists=cut, frame=cut), ReviewedSettings(), "cut")
    for table, columns in SHOWN.items():
        query = f"select {columns} from {table} where cutoff_at < '{TEST_PERIOD}' order by all"
        assert rows(cut, query) == rows(whole, query), table


@pytest.mark.usefixtures("found")
def test_a_search_that_is_killed_keeps_its_trials_and_goes_on(settings, command, found):
    (study,) = [part["study"] for part in found["parts"] if part["part"] == "sql"]
    before = len(complete_trials(settings, study))
    process = command("--trials", "50", "--folds", "1", "--part", "sql")
    for line in process.stderr:
        if "sql: trial" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kept = complete_trials(settings, study)
    assert len(kept) > before
    again = command("--trials", "1", "--folds", "1", "--part", "sql", "--json")
    output, errors = again.communicate()
    assert again.returncode == 0, errors
    (part,) = json.loads(output)["parts"]
    assert part["study"] == study
    assert part["complete"] == len(kept)
    assert part["best_value"] == pytest.approx(max(trial.value for trial in kept))


def test_two_trials_are_under_way_at_the_same_time(settings, found):
    (study,) = [part["study"] for part in found["parts"] if part["part"] == "als"]
    # The present settings are judged before all others.
    _, first, second = complete_trials(settings, study)
    assert max(first.datetime_start, second.datetime_start) < min(
        first.datetime_complete, second.datetime_complete
    )
    assert first.user_attrs["values"] != second.user_attrs["values"]


def test_what_was_found_waits_for_a_person_and_is_then_used(found, settings):
    """Rename the proposal, as a person would: the next run reads the values that were tried."""
    better = [part for part in found["parts"] if part["best_value"] > part["present_value"]]
    assert better, "the sample was chosen so that three trials find something"
    proposal = settings.home / "shop.settings.proposed.yml"
    assert not (settings.home / "shop.settings.yml").exists()
    text = proposal.read_text()
    assert text.startswith("# Settings of sample, written by `topshelf tune`")
    proposed = read_reviewed(proposal, PROJECT_ROOT)
    for part in better:
        in_sql = part["part"] in {"sql", "blend"}
        values = proposed.sql if in_sql else vars(getattr(proposed, part["part"]))
        assert values.items() >= part["best"].items()
        assert f"{part['part']}: {part['best_value']:.4f}, present settings" in text


def test_a_person_who_writes_settings_during_the_search_keeps_them(found, settings, command):
    better = [part for part in found["parts"] if part["best_value"] > part["present_value"]]
    file = settings.home / "shop.settings.yml"
    part = better[0]["part"]
    process = command("--trials", "4", "--folds", "1", "--part", part, "--write", "--json")
    for line in process.stderr:
        if f"{part}: 3 earlier trials" in line:
            file.write_text("sql: {recommendations_per_user: 5}\n")
    told = json.loads(process.stdout.read())
    assert process.wait() == 0
    assert file.read_text() == "sql: {recommendations_per_user: 5}\n"
    assert told["settings_file"].endswith("shop.settings.proposed.yml")
    assert "shop.settings.yml was changed during the search" in told["reason"]
