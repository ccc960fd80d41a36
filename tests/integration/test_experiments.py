"""Experiments on a log of 20,000 users whose lifts, accidents and arms are planted in Python."""

import datetime as dt
import random
from dataclasses import replace

import duckdb
import pandas as pd
import pytest

from ml.experiments.decisions import experiment_decisions
from ml.experiments.results import experiment_looks, experiment_results
from ml.experiments.survival import return_survival
from orchestration.experiment_tables import experiment_tables
from orchestration.figures import experiment_figures
from serving.assignment import Arm, Experiment, assigned_arm, is_held_out

pytestmark = pytest.mark.integration

USERS = 20_000
START = dt.datetime(2026, 1, 1)
RUN_DAYS = 20
# Kept apart from all experiments, by dbt's variables.
HELD_OUT = {"holdout_share": 0.05, "holdout_salt": "apart"}
PLANNED = {
    "lifted": Experiment(
        "lifted",
        "ranking",
        "salt-1",
        (Arm("old", 0.5, "popular"), Arm("new", 0.5, "live")),
        0,
        0.6,
        0.05,
        "apart",
    ),
    "neighbour": Experiment(
        "neighbour",
        "ranking",
        "salt-2",
        (Arm("a", 0.1, "live"), Arm("b", 0.2, "live"), Arm("c", 0.7, "live")),
        0.6,
        1,
        0.05,
        "apart",
    ),
    "other_layer": Experiment(
        "other_layer",
        "design",
        "salt-3",
        (Arm("wide", 0.25, "live"), Arm("tight", 0.75, "live")),
        holdout=0.1,
        holdout_salt="apart",
    ),
}
MAPPED = "from_a_tool"
# The line of the seed was edited on the tenth day: half of the users had been in each arm before.
BEFORE = Experiment("changed", "shares", "salt-4", (Arm("x", 0.5, "live"), Arm("y", 0.5, "live")))
CHANGED = replace(
    BEFORE, arms=(Arm("x", 0.1, "live"), Arm("y", 0.9, "live")), holdout=0.05, holdout_salt="apart"
)
CHANGED_AT = START + dt.timedelta(days=10)


def user_ids() -> list[str]:
    """Return ids of many alphabets, no two alike and none with blanks at its ends."""
    source = random.Random(3)
    letters = "abcz019-_äß漢字🙂:'\\"
    return [
        f"u{number}" if number % 2 else "".join(source.choices(letters, k=9)) + f"-{number}"
        for number in range(USERS)
    ]


@pytest.fixture(scope="module")
def log() -> dict[str, pd.DataFrame]:
    """Show every user one list; three in ten come back on day 7, more in the better arm."""
    source = random.Random(5)
    shown, assignments = [], []
    # The log ends where its last event does.
    events = [("somebody else", START + dt.timedelta(days=45), "view", None)]
    for number, user in enumerate(user_ids()):
        at = START + dt.timedelta(seconds=source.randrange(RUN_DAYS * 86400))
        arm = assigned_arm(PLANNED["lifted"], user)
        variant = f"live lifted:{arm.name}" if arm else None
        shared = assigned_arm(BEFORE if at < CHANGED_AT else CHANGED, user)
        variant = f"{variant or 'live'} changed:{shared.name}" if shared else variant
        if is_held_out(user, 0.05, "apart"):
            variant = "live holdout"
        rate = 0.3 + 0.06 * bool(arm and arm.name == "new")
        if number < 200 and arm:
            # Shown the other arm as well, a day later.
            other = "old" if arm.name == "new" else "new"
            later = at + dt.timedelta(days=1)
            shown.append((f"second-{number}", user, "i1", later, f"live lifted:{other}", 10))
        is_new = bool(arm and arm.name == "new")
        # The better arm shows twice as many items.
        item = f"i{number % (30 if is_new else 15)}" if number >= 2300 else "i1"
        shown.append((f"r{number}", user, item, at, variant, 10 + number % 3 + 10 * is_new))
        browser = f"browser-{number // 2}" if 200 <= number < 300 else None
        if browser:
            events.append((user, at + dt.timedelta(hours=1), "view", browser))
        if source.random() < rate:
            events.append((user, at + dt.timedelta(days=7, hours=2), "view", None))
        if 300 <= number < 2300:
            assignments.append((user, at, MAPPED, "x" if number % 2 else "y"))
        if 300 <= number < 310:
            assignments.append((user, at + dt.timedelta(days=1), MAPPED, "y"))
    return {
        "impressions": pd.DataFrame(
            shown,
            columns=["request_id", "user_id", "item_id", "shown_at", "variant", "duration_ms"],
        ).assign(rank=1, surface="home"),
        "events": pd.DataFrame(
            events, columns=["user_id", "occurred_at", "event_type", "anonymous_id"]
        ).assign(item_id="i1"),
        # Planned by the tool that assigns, in its own words and its own zone.
        "experiments": pd.DataFrame(
            {
                "experiment_id": [MAPPED],
                "layer": "tool",
                "salt": "tool",
                "variants": "x:0.5:a y:0.5:b",
                "starts_at": "2026-01-01 02:00",
                "ends_at": "2026-01-21 02:00",
                "primary_metric": "d7_return",
            }
        ),
        "assignments": pd.DataFrame(
            assignments, columns=["user_id", "timestamp", "experiment_id", "variation_id"]
        ),
    }


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
    read = ("int_interactions", "int_log_end", "int_cutoffs", "trn_shown_items")
    chosen = ("staging", *read, "experiments")
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
