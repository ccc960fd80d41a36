"""How long users take to come back, against a hand-worked case and statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from ml.experiments.survival import SURVIVAL_COLUMNS, return_survival

HAND_WORKED = pd.DataFrame(
    {
        "experiment_id": "e",
        "variant": ["a", "a", "a", "b", "b"],
        "day_number": [2, 1, 3, 1, 2],
        "at_risk_count": [6, 10, 3, 4, 2],
        "returned_count": [3, 2, 0, 0, 2],
    }
)


def test_shares_and_intervals_are_those_worked_by_hand() -> None:
    result = return_survival(HAND_WORKED, level=0.95)

    assert list(result.columns) == SURVIVAL_COLUMNS
    assert result["day_number"].tolist() == [1, 2, 3, 1, 2]
    # Arm a: 8/10, then times 3/6, then nobody. Two of eight left the log on day 1.
    assert result["away_share"].tolist() == pytest.approx([0.8, 0.4, 0.4, 1.0, 0.0])
    # Day 2: Greenwood's sum 2/(10*8) + 3/(6*3) = 0.191667, its root 0.437798; over |ln 0.4| =
    # 0.916291 it is 0.477794, times 1.959964 is 0.936459; 0.4 to the power of e to plus and minus.
    second = result.iloc[1]
    assert second["lower"] == pytest.approx(0.4 ** np.exp(0.936459), rel=1e-5)
    assert second["upper"] == pytest.approx(0.4 ** np.exp(-0.936459), rel=1e-5)
    assert (round(second["lower"], 4), round(second["upper"], 4)) == (0.0966, 0.6982)
    # Where nobody, or everybody, is back there is no width.
    assert result.loc[[3, 4], ["lower", "upper"]].to_numpy().tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_shares_and_intervals_equal_those_of_statsmodels() -> None:
    random = np.random.default_rng(5)
    returned_on = random.integers(1, 40, 500)
    followed = random.integers(1, 29, 500)
    is_back = returned_on <= followed
    times = np.where(is_back, returned_on, followed)
    days = np.arange(1, 29)
    counts = pd.DataFrame(
        {
            "experiment_id": "e",
            "variant": "a",
            "day_number": days,
            "at_risk_count": [(times >= day).sum() for day in days],
            "returned_count": [((times == day) & is_back).sum() for day in days],
        }
    )

    result = return_survival(counts, level=0.9).set_index("day_number")

    peer = SurvfuncRight(times, is_back)
    error = peer.surv_prob_se / peer.surv_prob / np.abs(np.log(peer.surv_prob))
    ours = result.loc[peer.surv_times]
    np.testing.assert_allclose(ours["away_share"], peer.surv_prob, rtol=1e-12)
    np.testing.assert_allclose(
        ours["lower"], peer.surv_prob ** np.exp(1.6448536269514722 * error), rtol=1e-9
    )
    np.testing.assert_allclose(
        ours["upper"], peer.surv_prob ** np.exp(-1.6448536269514722 * error), rtol=1e-9
    )
