"""The lift as the experiment went on, beside the true one."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.dates import AutoDateLocator, DateFormatter

from demo.summary import DemoSummary, finding
from ml.plot_style import COLOURS, GREY, add_titles, new_figure

NOTE = "D7 return, topshelf minus most popular, percentage points, by day of the last users counted"


def draw_lift(summary: DemoSummary, path: Path) -> None:
    """Write the picture as SVG; equal summaries give equal files.

    Parameters
    ----------
    summary : DemoSummary
    path : Path
        Overwritten.
    """
    figure, axes = new_figure(8, 3.6, grid="y")
    looks = counting(summary.looks)
    dates = np.array([look["exposed_date"] for look in looks], dtype="datetime64[D]")
    axes.fill_between(
        dates,
        _points(looks, "lower"),
        _points(looks, "upper"),
        color=COLOURS[0],
        alpha=0.18,
        linewidth=0,
        label="95% confidence sequence",
    )
    axes.plot(
        dates, _points(looks, "difference"), color=COLOURS[0], linewidth=2.4, label="measured"
    )
    axes.plot(dates, _points(looks, "true_lift"), color=COLOURS[1], linestyle="--", label="true")
    axes.xaxis.set_major_locator(AutoDateLocator(maxticks=8))
    axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
    axes.axhline(0, color=GREY, linewidth=1)
    axes.legend(frameon=False, loc="upper right", ncols=3, fontsize=9)
    axes.tick_params(labelsize=9)
    add_titles(axes, finding(summary), NOTE)
    with mpl.rc_context({"svg.hashsalt": "topshelf", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def counting(looks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the looks at the end that count nobody new: their users' windows are not over.

    Parameters
    ----------
    looks : list of dict
        By date.
    """
    sizes = [look["user_count"] + look["control_user_count"] for look in looks]
    return looks[: sizes.index(sizes[-1]) + 1] if looks else []


def _points(looks: list[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([np.nan if look[name] is None else look[name] * 100 for look in looks])
