import pytest

from serving.limits import Limits


@pytest.mark.parametrize(
    "wrong",
    [
        {"body_bytes": 0},
        {"events_per_request": 0},
        {"requests_per_second": 0},
        {"concurrent_requests": -1},
        {"wait_seconds": 0.0},
        {"items_per_answer": 0},
    ],
)
def test_limits_that_would_answer_nobody_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        Limits(**wrong)
