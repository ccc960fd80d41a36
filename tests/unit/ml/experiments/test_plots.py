"""Figures about experiments."""

from io import BytesIO

import pandas as pd
import pytest

from ml.experiments.plots import lift_figure, return_figure

LOOKS = pd.DataFrame(
    {
        "variant": ["a", "a", "b", "b"],
        "exposed_date": pd.to_datetime(["2026-01-01", "2026-01-02"] * 2),
        "difference": [0.02, 0.01, -0.01, -0.02],
        "lower": [-0.2, -0.1, -0.2, -0.1],
        "upper": [0.2, 0.1, 0.2, 0.05],
    }
)
SURVIVAL = pd.DataFrame(
    {
        "variant": ["a", "a"],
        "day_number": [1, 2],
        "away_share": [0.75, 0.5],
        "lower": [0.7, 0.4],
        "upper": [0.8, 0.6],
    }
)


def test_every_arm_has_its_line_and_all_bounds_can_be_seen():
    figure = lift_figure(LOOKS, "Back on day 7", "share")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    (_, line, other) = axes.lines
    assert line.get_ydata().tolist() == [0.02, 0.01]
    assert other.get_ydata().tolist() == [-0.01, -0.02]
    assert axes.get_ylim()[0] < -0.1 < 0.1 < axes.get_ylim()[1]


def test_differences_of_shares_are_drawn_in_points():
    (axes,) = lift_figure(LOOKS, "Back on day 7", "share").axes
    assert axes.get_ylabel() == "difference to control, percentage points"
    assert float(axes.yaxis.get_major_formatter()(0.02)) == 2
    (axes,) = lift_figure(LOOKS, "Revenue", "money").axes
    assert axes.get_ylabel() == "difference to control"


def test_those_who_are_back_are_those_who_are_not_away():
    (axes,) = return_figure(SURVIVAL).axes
    assert axes.lines[0].get_ydata().tolist() == pytest.approx([0.25, 0.5])


@pytest.mark.parametrize(
    "figure", [lift_figure(LOOKS.iloc[:1], "Revenue", "money"), return_figure(SURVIVAL.iloc[:1])]
)
def test_one_look_can_be_drawn(figure):
    page = BytesIO()
    figure.savefig(page, format="png", dpi=40)
    assert page.tell() > 2000
