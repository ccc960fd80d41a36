from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from ml.plot_style import COLOURS, line_styles, wilson_interval
from ml.plots import (
    calibration_figure,
    coverage_figure,
    exposure_figure,
    metric_figure,
)


def size_of(figure):
    """Draw to memory; more than one colour means more than an empty page."""
    page = BytesIO()
    figure.savefig(page, format="png", dpi=40)
    return page.tell()


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.fixture
def reliability():
    return pd.DataFrame(
        {
            "bin": [1, 2],
            "mean_score": [0.01, 0.2],
            "observed_rate": [0.02, 0.25],
            "candidate_count": [1000.0, 1000.0],
        }
    )


@pytest.fixture
def intervals():
    return pd.DataFrame(
        {
            "setting": ["new_items", "new_items", "with_repeats", "with_repeats"],
            "system": ["popular", "two_stage", "popular", "two_stage"],
            "metric": "ndcg_10",
            "value": [0.05, 0.10, 0.4, 0.3],
            "lower": [0.04, 0.08, np.nan, 0.2],
            "upper": [0.06, 0.12, np.nan, 0.4],
            "user_count": 1234,
        }
    )


def test_calibration_draws_every_bin_against_the_diagonal(reliability):
    figure = calibration_figure(reliability, calibration_error=0.03)
    assert size_of(figure) > 0
    points = figure.axes[0].lines[1].get_xydata()
    np.testing.assert_allclose(points, [[0.01, 0.02], [0.2, 0.25]])
    assert figure.axes[0].get_xscale() == "log"
    assert "Probabilities are off by 3.00 points" in texts(figure)


def test_calibration_with_a_rate_of_zero_has_linear_axes(reliability):
    figure = calibration_figure(reliability.assign(observed_rate=[0.0, 0.25]), 0.03)
    assert size_of(figure) > 0
    assert figure.axes[0].get_xscale() == "linear"


def test_metrics_are_bars_from_best_to_worst_with_the_judged_in_colour(intervals):
    figure = metric_figure(intervals, "ndcg_10", judged="two_stage", label="nDCG@10")
    assert size_of(figure) > 0
    first, second = figure.axes
    assert [bar.get_width() for bar in first.patches] == [0.05, 0.10]
    assert [label.get_text() for label in first.get_yticklabels()] == ["popular", "two_stage"]
    assert [label.get_text() for label in second.get_yticklabels()] == ["two_stage", "popular"]
    blue = tuple(int(COLOURS[0][at : at + 2], 16) / 255 for at in (1, 3, 5))
    assert first.patches[1].get_facecolor()[:3] == pytest.approx(blue)
    assert "two_stage: 100% above popular" in texts(figure)
    assert "two_stage: 25% below popular" in texts(figure)
    assert first.get_xlabel() == "nDCG@10, mean over 1,234 users"


def test_metrics_that_are_all_zero_are_drawn(intervals):
    flat = intervals.assign(value=0.0, lower=0.0, upper=0.0)
    figure = metric_figure(flat, "ndcg_10", judged="two_stage", label="nDCG@10")
    assert size_of(figure) > 0
    assert "Means of all systems" in texts(figure)


def test_an_unknown_metric_is_refused(intervals):
    with pytest.raises(ValueError, match="no intervals of 'auc'"):
        metric_figure(intervals, "auc", judged="two_stage", label="AUC")


def test_exposure_by_hand():
    """Of ten items three are listed, 6, 3 and 1 times: a tenth of them fills 60%."""
    counts = pd.DataFrame({"system": "als", "item_id": ["a", "b", "c"], "list_count": [1, 6, 3]})
    figure = exposure_figure(counts, catalogue_size=10, judged="als")
    assert size_of(figure) > 0
    np.testing.assert_allclose(
        figure.axes[0].lines[0].get_xydata(),
        [[0, 0], [0.1, 0.6], [0.2, 0.9], [0.3, 1.0], [1.0, 1.0]],
    )
    assert "A tenth of the items fills 60% of the places" in texts(figure)


def test_coverage_ends_at_the_last_rank():
    coverage = pd.DataFrame(
        {
            "system": ["als", "als", "popular", "popular"],
            "rank": [2, 1, 1, 2],
            "coverage": [0.4, 0.3, 0, 0],
        }
    )
    figure = coverage_figure(coverage, judged="als")
    assert size_of(figure) > 0
    assert "40% of the items are in some list" in texts(figure)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xydata(), [[1, 0.3], [2, 0.4]])


def test_lines_are_drawn_when_the_judged_system_has_none():
    coverage = pd.DataFrame({"system": "popular", "rank": [1, 2], "coverage": [0.1, 0.2]})
    figure = coverage_figure(coverage, judged="als")
    assert size_of(figure) > 0
    assert "How much is listed" in texts(figure)


def test_every_line_has_its_own_look_and_the_judged_is_solid():
    styles = line_styles(pd.Series(["b", "judged", "a", "b", "c", "d", "e"]), "judged")
    assert list(styles) == ["judged", "a", "b", "c", "d", "e"]
    assert styles["judged"]["linestyle"] == "-"
    assert len({(style["color"], style["linestyle"]) for style in styles.values()}) == 6


@pytest.mark.parametrize(("taken", "of"), [(0, 10), (3, 10), (10, 10), (20, 4000)])
def test_wilson_interval_is_that_of_scipy(taken, of):
    expected = binomtest(taken, of).proportion_ci(method="wilson")
    lower, upper = wilson_interval(np.array([taken / of]), np.array([of]))
    assert lower[0] == pytest.approx(expected.low, abs=1e-6)
    assert upper[0] == pytest.approx(expected.high, abs=1e-6)
