"""The tables in Dagster's pages, from a few literal rows."""

import pandas as pd
import pytest

from orchestration.experiment_tables import experiment_tables

NAN = float("nan")
EXPERIMENTS = pd.DataFrame({"experiment_id": ["e"], "primary_metric": ["d7_return"]})
METRICS = pd.DataFrame(
    {
        "metric": ["d7_return", "negative_events"],
        "title": ["Back on day 7", "Dislikes"],
        "unit": ["share", "events"],
        "metric_group": ["retention", "guardrail"],
    }
)


def result(metric, slice_name, group, refusal=None):
    numbers = dict.fromkeys(("difference", "lower", "upper"), NAN if refusal else 0.125)
    return {
        **{"experiment_id": "e", "variant": "new", "metric": metric, "slice_name": slice_name},
        **{"slice": group, "control_value": 0.25, "value": 0.375, "refusal": refusal},
        **{"user_count": 700, "control_user_count": 800, **numbers},
    }


@pytest.fixture
def results():
    return pd.DataFrame(
        [
            result("d7_return", "all", "all"),
            result("negative_events", "all", "all"),
            result("d7_return", "segment", "DE|AT"),
            result("d7_return", "segment", "FR", "an arm has no users"),
            result("negative_events", "segment", "FR"),
        ]
    )


@pytest.fixture
def funnel():
    rows = [("new", 2, "clicked an item", 350), ("new", 1, "met it", 700), ("old", 1, "met it", 0)]
    frame = pd.DataFrame(rows, columns=["variant", "step_number", "step", "user_count"])
    return frame.assign(experiment_id="e")


@pytest.fixture
def cohorts():
    rows = [("2026-01-12", 0, 30, 1.0), ("2026-01-05", 0, 40, 1.0), ("2026-01-05", 1, 40, 0.55)]
    frame = pd.DataFrame(rows, columns=["cohort_week", "week_number", "user_count", "share"])
    week = pd.to_datetime(frame["cohort_week"])
    return frame.rename(columns={"share": "retained_share"}).assign(cohort_week=week)


def body(shown, name):
    """Return the cells of a table's lines, below its head."""
    lines = shown[name].md_str.splitlines()
    assert len({line.count("|") for line in lines}) == 1
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]


def test_guardrails_slices_and_the_funnel_stand_beside_the_results(results, funnel, cohorts):
    shown = experiment_tables(EXPERIMENTS, METRICS, results, funnel, cohorts)["experiment_results"]
    numbers = ["0.25", "0.375", "+0.125", "+0.125", "+0.125", "1,500"]
    assert body(shown, "guardrails") == [["e / new", "Dislikes", *numbers]]
    shares = ["25.0 %", "37.5 %", "+12.5 %", "+12.5 %", "+12.5 %", "1,500"]
    assert body(shown, "slices") == [
        ["e / new", "segment: DE/AT", *shares],
        ["e / new", "segment: FR", *shares[:2], "no answer: an arm has no users", "", "", "1,500"],
    ]
    assert body(shown, "funnel") == [
        ["e / new", "met it", "700", "100.0 %"],
        ["e / new", "clicked an item", "350", "50.0 %"],
        ["e / old", "met it", "0", "n/a"],
    ]


def test_cohorts_stand_beside_who_comes_back(results, funnel, cohorts):
    shown = experiment_tables(EXPERIMENTS, METRICS, results, funnel, cohorts)["return_survival"]
    assert body(shown, "cohorts") == [
        ["2026-01-05", "40", "100%", "55%"],
        ["2026-01-12", "30", "100%", ""],
    ]


def test_what_has_no_rows_is_left_out(results, funnel, cohorts):
    shown = experiment_tables(
        EXPERIMENTS, METRICS, results.iloc[:0], funnel.iloc[:0], cohorts.iloc[:0]
    )
    assert shown == {"experiment_results": {}, "return_survival": {}}
