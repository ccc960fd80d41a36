"""The tables of a report, a few literal rows each."""

import pandas as pd
import pytest

NAN = float("nan")


def result(metric: str, slice_name: str, group: str, refusal: str | None = None) -> dict:
    numbers = dict.fromkeys(
        ["difference", "lower", "upper", "relative_difference", "relative_lower", "relative_upper"],
        NAN if refusal else 0.1,
    )
    return {
        "experiment_id": "e-1",
        "variant": "new",
        "metric": metric,
        "slice_name": slice_name,
        "slice": group,
        "user_count": 1200,
        "control_user_count": 1100,
        "control_value": 0.3,
        "value": 0.4,
        "plain_difference": NAN if refusal else 0.08,
        "variance_reduction": NAN if refusal else 0.25,
        "adjusted_p_value": NAN if refusal else 0.004,
        "refusal": refusal,
        **numbers,
    }


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    at = pd.Timestamp
    arm = {"experiment_id": "e-1", "bot_count": 1, "shared_browser_count": 2}
    arm |= {"two_variants_count": 3, "exposed_count": 1300, "user_count": 1200, "share": 0.5}
    step = {"experiment_id": "e-1", "variant": "new", "verdict": "ship"}
    day = {"experiment_id": "e-1", "variant": "new", "metric": "d7_return"}
    return {
        "exp_experiments": pd.DataFrame(
            {
                "experiment_id": ["e-1", "broken"],
                "layer": "ranking",
                "primary_metric": "d7_return",
                "note": ["<b>Bold & new</b>", None],
                "reject_reason": [None, "missing_salt"],
                "starts_at": at("2026-01-01"),
                "ends_at": at("2026-02-01"),
            }
        ),
        "exp_arms": pd.DataFrame(
            [
                arm
                | {"variant": "old", "serves": "popular", "catalogue_coverage": 0.25}
                | {"is_control": True},
                arm
                | {"variant": "new", "serves": "live", "catalogue_coverage": NAN}
                | {"is_control": False},
            ]
        ),
        "exp_checks": pd.DataFrame({"experiment_id": ["e-1"], "observed_until": at("2026-03-01")}),
        "exp_metrics": pd.DataFrame(
            {
                "metric": ["d7_return", "revenue"],
                "title": ["Back on day 7", "Revenue"],
                "unit": ["share", "money"],
                "better": "up",
                "metric_group": ["retention", "engagement"],
            }
        ),
        "exp_results": pd.DataFrame(
            [
                result("d7_return", "all", "all"),
                result("revenue", "all", "all", "there is no variation"),
                result("d7_return", "segment", "DE"),
                result("d7_return", "segment", "FR", "an arm has no users"),
            ]
        ),
        "exp_looks": pd.DataFrame(
            [
                day
                | {"exposed_date": at("2026-01-01") + pd.Timedelta(days=number)}
                | {"difference": 0.1, "lower": 0.1 - 1 / (number + 1), "upper": 0.2}
                for number in range(20)
            ]
        ),
        "exp_decisions": pd.DataFrame(
            [
                step | {"step": "schema", "status": "passed", "words": "2,600 users met it."},
                step | {"step": "verdict", "status": "ship", "words": "Ship new. It is better."},
            ]
        ),
        "exp_outlook": pd.DataFrame(
            {
                "metric": ["d7_return"],
                "run_days": [7],
                "user_count": [700],
                "baseline": [0.3],
                "detectable_difference": [0.05],
                "users_for_a_tenth": [15603.0],
            }
        ),
        "exp_funnel": pd.DataFrame(
            {
                "experiment_id": "e-1",
                "variant": ["old", "old"],
                "step_number": [1, 2],
                "step": ["met it", "clicked an item"],
                "user_count": [1000, 250],
            }
        ),
        "ret_activity": pd.DataFrame(
            {
                "active_date": pd.date_range("2026-01-01", periods=30),
                "daily_user_count": range(100, 130),
                "weekly_user_count": [NAN] * 6 + [500.0] * 24,
                "monthly_user_count": [NAN] * 27 + [1234.0] * 3,
            }
        ),
        "ret_cohorts": pd.DataFrame(
            {
                "cohort_week": [at("2026-01-05"), at("2026-01-05"), at("2026-01-12")],
                "week_number": [0, 1, 0],
                "user_count": [40, 40, 30],
                "retained_share": [1.0, 0.55, 1.0],
            }
        ),
        "ret_survival_curves": pd.DataFrame(
            {
                "experiment_id": "e-1",
                "variant": ["old", "new"],
                "day_number": [1, 1],
                "away_share": [0.9, 0.8],
                "lower": [0.88, 0.78],
                "upper": [0.92, 0.82],
            }
        ),
    }
