from datetime import UTC, date, datetime

import pytest

from demo.plan import DemoPlan


def test_the_pipeline_runs_before_the_first_day_and_in_between():
    assert DemoPlan(days=28, refresh_days=14).refreshes == [0, 14]
    assert DemoPlan(days=30, refresh_days=14).refreshes == [0, 14, 28]
    assert DemoPlan(days=10, refresh_days=14).refreshes == [0, 5]


def test_history_and_demo_are_one_world():
    plan = DemoPlan(days=20, history_days=84)
    assert plan.world.days == 104
    assert plan.world.end_date == date(2026, 2, 21)
    assert plan.midnight(0) == datetime(2026, 2, 1, tzinfo=UTC)
    started = datetime.fromtimestamp(plan.world.start_second, tz=UTC)
    assert (plan.midnight(0) - started).days == 84


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"days": 9}, "days must be 10 to 56, got 9"),
        ({"days": 57}, "days must be 10 to 56, got 57"),
        ({"users": 99}, "users must be >= 100, got 99"),
        ({"history_days": 55}, "history_days must be >= 56, got 55"),
        ({"refresh_days": 0}, "refresh_days must be >= 1, got 0"),
        ({"replays": 0}, "replays must be >= 1, got 0"),
    ],
)
def test_numbers_that_give_no_answer_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        DemoPlan(**changed)
