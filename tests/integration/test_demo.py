"""The loop, closed: a small shop lives ten days with topshelf."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT
from serving.buckets import bucket
from serving.landing import landed_rows

pytestmark = pytest.mark.integration

COMMAND = (sys.executable, "-W", "ignore", "-m", "orchestration.cli", "demo")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def told(home):
    """Run the smallest demo; what it says."""
    finished = subprocess.run(
        [*COMMAND, "--home", str(home), "--days", "10", "--users", "300", "--json"],
        cwd=PROJECT_ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def query(home, sql):
    with duckdb.connect(str(home / "demo" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_a_release_answered_and_the_pipeline_ran_again(told):
    first, last = told["runs"]
    assert (first["day"], first["is_promoted"]) == (0, True)
    assert last["day"] == 5
    assert last["release_id"] != first["release_id"]
    assert last["is_promoted"] or last["refusals"]


def test_each_run_says_which_labels_taught_what_orders_the_lists(told):
    for run in told["runs"]:
        contenders = run["order"]["contenders"]
        # What was shown teaches a ranker of its own, from the history and from its own lists.
        assert {"ranker", "impression_ranker", "blend"} <= set(contenders)
        assert contenders[run["order"]["chosen"]] == max(contenders.values())


def test_the_experiment_is_guarded(home):
    steps = dict(
        query(
            home,
            "select step, status from experiments.exp_decisions "
            "where experiment_id = 'popular_or_topshelf' and step like 'guardrail %'",
        )
    )
    assert set(steps) == {"guardrail negative_events", "guardrail top_item_share"}


def test_everything_shown_and_done_is_in_the_warehouse(home, told):
    landing = home / "demo" / "landing"
    shown = list(landed_rows(landing / "impressions"))
    assert len({row["request_id"] for row in shown}) == told["lists"] > 100
    assert sum(1 for _ in landed_rows(landing / "events")) == told["events"] > 200
    ((in_sql,),) = query(
        home,
        "select count(distinct request_id) from staging.stg_impressions__shown "
        "where shown_at >= '2026-02-01'",
    )
    assert in_sql == told["lists"]


def test_sql_finds_each_user_in_the_arm_that_was_served(home):
    rows = query(
        home,
        "select user_id, variant, set_aside_reason from experiments.exp_exposures "
        "where experiment_id = 'popular_or_topshelf'",
    )
    assert {variant for _, variant, _ in rows} == {"popular", "topshelf"}
    assert not [reason for _, _, reason in rows if reason == "two_variants"]
    for user_id, variant, _ in rows:
        assert variant == ("popular" if bucket("demo-1", user_id) < 5000 else "topshelf")


def test_sql_counts_the_returns_as_the_simulation_does(home, told):
    rows = query(
        home,
        "select variant, avg(numerator), count(*) from experiments.exp_user_metrics "
        "where experiment_id = 'popular_or_topshelf' and metric = 'd7_return' and is_mature "
        "group by variant",
    )
    assert {variant for variant, _, _ in rows} == set(told["counted"])
    for variant, share, users in rows:
        # The history has rows that claim a later time than they came at: one of them may make a
        # user return whom the simulation did not see.
        assert share == pytest.approx(told["counted"][variant], abs=1.01 / users)


def test_the_truth_and_the_picture_are_there(told):
    truth = told["truth"]
    assert truth["lift"] == pytest.approx(truth["treatment"] - truth["control"])
    assert truth["users"] > 20
    assert "true" in Path(told["picture"]).read_text(encoding="utf-8")
    page = Path(told["page"]).read_text(encoding="utf-8")
    assert "popular_or_topshelf" in page
    assert "What is true" in page
    # So few users have no interval at any look, and the page no picture of the looks.
    assert f"{truth['lift'] * 100:+.1f}" in page


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("keep")
    finished = subprocess.run(
        [*COMMAND, "--home", str(tmp_path)],
        cwd=PROJECT_ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 2
    assert "was not made by a demo" in finished.stderr
    assert (tmp_path / "demo" / "mine.txt").read_text() == "keep"
