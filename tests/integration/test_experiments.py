"""Experiments on a log of 20,000 users whose lifts, accidents and arms are planted in Python."""

import duckdb
import pandas as pd
import pytest

from ml.experiments.decisions import experiment_decisions
from ml.experiments.results import experiment_looks, experiment_results
from ml.experiments.survival import return_survival
from orchestration.experiment_tables import experiment_tables
from orchestration.figures import experiment_figures
from serving.assignment import assigned_arm, is_held_out
from tests.integration.planted_experiments import (
    CHANGED,
    HELD_OUT,
    MAPPED,
    PLANNED,
    USERS,
    planted_log,
    user_ids,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def log() -> dict[str, pd.DataFrame]:
    return planted_log()


@pytest.fixture(scope="module")
def warehouse(log, dbt_build, tmp_path_factory):
    """Build what SQL says of the experiments."""
    home = tmp_path_factory.mktemp("home")
    mapping: dict = {
        "name": "sample",
        "as_of": "2026-02-20 00:00:00",
        "bot_interactions_per_day": 100,
    }
    for name, frame in log.items():
        path = home / f"{name}.parquet"
        duckdb.from_df(frame).write_parquet(str(path))
        mapping[name] = {"relation": str(path), "columns": {key: key for key in frame}}
    mapping["experiments"]["time_zone"] = "Africa/Cairo"
    file = dbt_build(mapping, home, "seed", **HELD_OUT)
    lines = [
        (
            *(planned.experiment_id, planned.layer, planned.layer_from, planned.layer_until),
            planned.salt,
            " ".join(f"{arm.name}:{arm.share}:{arm.serves}" for arm in planned.arms),
            *("2026-01-01", "2026-01-21", "user", "d7_return"),
            # A line may hold out more users than all lines do, not fewer.
            *("negative_events:0.01", 0 if planned.holdout == 0.05 else planned.holdout),
        )
        for planned in (*PLANNED.values(), CHANGED)
    ]
    with duckdb.connect(str(file)) as connection:
        for line in lines:
            marks = ", ".join("?" for _ in line)
            connection.execute(
                f"insert into seeds.experiments values ('sample', {marks}, '')", line
            )
    read = ("int_interactions", "int_bots", "int_log_end", "int_cutoffs")
    shown = ("trn_naming_types", "trn_attributed_interactions", "trn_shown_items")
    chosen = ("staging", *read, *shown, "experiments")
    inferred = "exp_results exp_looks exp_decisions exp_outlook ret_survival_curves"
    dbt_build(mapping, home, "run", "--select", *chosen, "--exclude", *inferred.split(), **HELD_OUT)
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def table(warehouse, name: str) -> pd.DataFrame:
    return warehouse.execute(f"from experiments.{name}").df()


def seen_by_ten(warehouse, experiment_id: str) -> dict[str, float]:
    """Count, in pandas, the different items of ten users after the other; the mean of each arm."""
    users = warehouse.execute(
        """
        select user_id, variant, exposed_at from experiments.exp_exposures
        where experiment_id = ? and set_aside_reason is null
        order by exposed_at, user_id
        """,
        [experiment_id],
    ).df()
    shown = table(warehouse, "exp_shown_items").query("experiment_id == @experiment_id")
    items = shown.groupby("user_id")["item_id"].agg(set)
    means = {}
    for arm, members in users.groupby("variant"):
        lists = [items[user] for user in members["user_id"]]
        groups = [lists[first : first + 10] for first in range(0, len(lists) - 9, 10)]
        means[str(arm)] = sum(len(set().union(*group)) for group in groups) / len(groups)
    return means


def test_nothing_planned_is_rejected(warehouse):
    found = table(warehouse, "exp_experiments")
    assert found["reject_reason"].isna().all()
    assert set(found["experiment_id"]) == {"history", "holdout", "changed", MAPPED, *PLANNED}


def test_a_mapped_plan_is_read_like_the_lines_of_the_seed(warehouse):
    found = table(warehouse, "exp_experiments").set_index("experiment_id")
    moments = found.loc[[MAPPED, "lifted"], ["starts_at", "ends_at"]]
    assert moments.drop_duplicates().to_numpy().tolist() == [
        [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-21")]
    ]
    assert found.loc[MAPPED, "written_in"].endswith("experiments.parquet")
    assert found.loc["lifted", "written_in"] == "seeds/experiments.csv"


def test_sql_and_python_put_every_user_in_the_same_arms(warehouse):
    assignments = table(warehouse, "exp_assignments")
    for name, planned in PLANNED.items():
        rows = assignments.loc[assignments["experiment_id"] == name]
        in_sql = dict(zip(rows["user_id"], rows["variant"], strict=True))
        arms = {user: assigned_arm(planned, user) for user in user_ids()}
        in_python = {user: arm.name for user, arm in arms.items() if arm}
        assert in_sql == in_python
        assert len(in_sql) == pytest.approx(
            USERS * (planned.layer_until - planned.layer_from) * (1 - planned.holdout), rel=0.02
        )


def test_a_layer_shares_its_users_out_and_the_holdout_is_left_alone(warehouse):
    users = table(warehouse, "exp_assignments").groupby("experiment_id")["user_id"].agg(set)
    assert not users["lifted"] & users["neighbour"]
    held = {user for user in user_ids() if is_held_out(user, 0.05, "apart")}
    assert users["lifted"] | users["neighbour"] == set(user_ids()) - held
    assert not {user for user in users["other_layer"] if is_held_out(user, 0.1, "apart")}


def test_the_holdout_is_compared_with_everybody_else_by_the_same_hash(warehouse, log):
    assignments = table(warehouse, "exp_assignments")
    own = assignments.loc[assignments["experiment_id"] == "holdout"]
    arms = own.groupby("variant")["user_id"].agg(set)
    assert arms["held_out"] == {user for user in user_ids() if is_held_out(user, 0.05, "apart")}
    (row,) = table(warehouse, "exp_holdout").to_dict("records")
    shown = log["impressions"]
    assert row["first_shown_at"] == shown.loc[shown["variant"] == "live holdout", "shown_at"].min()
    # Whoever was not met again from then on is not of the comparison.
    met = set(shown.loc[shown["shown_at"] >= row["first_shown_at"], "user_id"])
    assert len(met) > 0.99 * USERS
    assert arms["held_out"] | arms["others"] == met
    assert (row["share"], row["salt"], row["serves"]) == (0.05, "apart", "popular")


def test_users_who_met_two_arms_or_share_a_browser_are_set_aside_and_counted(warehouse, log):
    exposures = table(warehouse, "exp_exposures")
    own = exposures.loc[exposures["experiment_id"] == "lifted"]
    reasons = own["set_aside_reason"].value_counts()
    shown = log["impressions"]
    twice = shown.loc[shown["request_id"].str.startswith("second-")]
    # What is shown after the end is no longer of the experiment.
    assert reasons["two_variants"] == (twice["shown_at"] < "2026-01-21").sum()
    # A browser used by one user of the experiment only says nothing.
    users = user_ids()[200:300]
    inside = [assigned_arm(PLANNED["lifted"], user) is not None for user in users]
    pairs = sum(2 for one, other in zip(inside[::2], inside[1::2], strict=True) if one and other)
    assert reasons["shared_browser"] == pairs
    tool = exposures.loc[exposures["experiment_id"] == MAPPED]
    # Of the ten told of twice, the odd ones were x before they were y.
    assert tool["set_aside_reason"].value_counts().to_dict() == {"two_variants": 5}
    assert len(tool) == 2000


def test_the_planted_lift_is_found_and_shipped_and_nothing_else(warehouse):
    arms, checks = table(warehouse, "exp_arms"), table(warehouse, "exp_checks")
    rows = table(warehouse, "exp_experiments")
    results = experiment_results(table(warehouse, "exp_metric_sums"), arms, checks, rows)
    (_, lifted), *_ = results.loc[
        (results["slice_name"] == "all")
        & (results["experiment_id"] == "lifted")
        & (results["metric"] == "d7_return")
    ].iterrows()
    assert lifted["lower"] < 0.06 < lifted["upper"]
    assert lifted["adjusted_p_value"] < 0.001
    assert lifted["control_value"] == pytest.approx(0.3, abs=0.02)
    assert lifted["mature_share"] == 1
    slower = results.loc[
        (results["experiment_id"] == "lifted")
        & (results["slice_name"] == "all")
        & (results["metric"] == "latency_ms")
    ].iloc[0]
    assert 9.9 < slower["lower"] < slower["difference"] < slower["upper"] < 10.1
    wider = results.loc[
        (results["experiment_id"] == "lifted")
        & (results["slice_name"] == "all")
        & (results["metric"] == "catalogue_coverage")
    ].iloc[0]
    by_hand = seen_by_ten(warehouse, "lifted")
    assert wider["control_value"] == pytest.approx(by_hand["old"])
    assert wider["value"] == pytest.approx(by_hand["new"])
    assert 0.5 < wider["lower"] < by_hand["new"] - by_hand["old"] < wider["upper"] < 1.5
    decisions = experiment_decisions(rows, checks, arms, table(warehouse, "exp_metrics"), results)
    last = decisions.loc[decisions["step"] == "verdict"].set_index(["experiment_id", "variant"])
    verdicts = last["verdict"].to_dict()
    assert verdicts["neighbour", "b"] == verdicts["other_layer", "tight"] == "stop"
    assert verdicts["history", "other_half"] == "nothing_to_decide"
    assert verdicts["lifted", "new"] == "ship"
    # Before the change most of the users of today's arm y were shown x: they are set aside.
    assert verdicts["changed", "y"] == "stop"
    assert "give the experiment a new experiment_id" in last["words"]["changed", "y"]


def test_what_the_report_shows_stands_in_tables_too(warehouse):
    rows = table(warehouse, "exp_experiments")
    rows = rows[rows["reject_reason"].isna()]
    arms, checks = table(warehouse, "exp_arms"), table(warehouse, "exp_checks")
    results = experiment_results(table(warehouse, "exp_metric_sums"), arms, checks, rows)
    shown = experiment_tables(
        rows,
        table(warehouse, "exp_metrics"),
        results,
        table(warehouse, "exp_funnel"),
        table(warehouse, "ret_cohorts"),
    )
    assert shown["experiment_results"].keys() == {"guardrails", "slices", "funnel"}
    assert "| lifted / new | Time to answer |" in shown["experiment_results"]["guardrails"].md_str
    assert shown["return_survival"].keys() == {"cohorts"}


def test_every_experiment_that_users_met_is_drawn(warehouse, tmp_path):
    arms, checks = table(warehouse, "exp_arms"), table(warehouse, "exp_checks")
    looks = experiment_looks(table(warehouse, "exp_metric_sums"), arms, checks)
    survival = return_survival(table(warehouse, "ret_survival"))
    rows, metrics = table(warehouse, "exp_experiments"), table(warehouse, "exp_metrics")
    names = {"history", "holdout", "changed", MAPPED, *PLANNED}
    figures = experiment_figures(rows, metrics, looks, survival, tmp_path)
    assert figures["experiment_looks"].keys() == {f"lift_{name}" for name in names}
    assert figures["return_survival"].keys() == {f"returns_{name}" for name in names}
    assert (tmp_path / "lift_lifted.png").stat().st_size > 5000
    # An experiment that nobody has met yet.
    assert experiment_figures(rows, metrics, looks.head(0), survival.head(0), tmp_path) == {
        "experiment_looks": {},
        "return_survival": {},
    }
