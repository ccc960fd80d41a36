"""One look for all figures."""

from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe, Ito (2008): told apart with any colour vision. The first is for what is being judged.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
GREY = "#8A8A8A"
Grid = Literal["both", "x", "y"]
DASHES = ("--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))


def new_figure(width: float, height: float, grid: Grid = "both") -> tuple[Figure, Axes]:
    """Make a figure of one panel that needs no display.

    Parameters
    ----------
    width, height : float
        Inches.
    grid : str
        ``x``, ``y`` or ``both``.

    Returns
    -------
    tuple of Figure and Axes
        Laid out when it is saved, so that no label is cut off.
    """
    figure, panels = new_panels(width, height, 1)
    clean(panels[0], grid)
    return figure, panels[0]


def new_panels(width: float, height: float, count: int) -> tuple[Figure, list[Axes]]:
    """Make a figure of panels side by side; sizes in inches."""
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def clean(axes: Axes, grid: Grid = "both") -> None:
    """Take away the frame and put a faint grid behind the data."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(visible=True, axis=grid, color="#DDDDDD", linewidth=0.7)
    axes.set_axisbelow(True)


def add_titles(axes: Axes, finding: str, note: str) -> None:
    """Say what the figure shows, in bold, and under it how to read it."""
    axes.set_title(note, loc="left", fontsize=9, color="#555555")
    axes.annotate(
        finding,
        (0, 1),
        (0, 24),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=11,
        fontweight="bold",
        annotation_clip=False,
    )


def add_legend(axes: Axes) -> None:
    """Name the lines beside the panel, where they hide nothing."""
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def line_styles(systems: pd.Series, judged: str) -> dict[str, dict[str, Any]]:
    """Give each system its own colour and dashes, the judged one first and solid.

    Parameters
    ----------
    systems : Series of str
        Names, repeated.
    judged : str
        System in the first colour; it may be absent.

    Returns
    -------
    dict of str to dict
        Keyword arguments of a line.
    """
    styles: dict[str, dict[str, Any]] = {}
    others = sorted(set(systems) - {judged})
    if judged in set(systems):
        styles[judged] = {"color": COLOURS[0], "linestyle": "-", "linewidth": 2.4}
    for place, system in enumerate(others):
        styles[system] = {
            "color": COLOURS[1 + place % (len(COLOURS) - 1)],
            "linestyle": DASHES[place % len(DASHES)],
            "linewidth": 1.6,
        }
    return styles


def wilson_interval(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bound the rate behind an observed share, at 95%.

    Parameters
    ----------
    share : ndarray of shape (n,)
        In [0, 1].
    count : ndarray of shape (n,)
        Trials, > 0.

    Returns
    -------
    tuple of two ndarrays of shape (n,)
        Lower and upper bounds, in [0, 1].

    References
    ----------
    Wilson (1927), JASA 22(158).
    """
    squared = 1.959964**2
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    spread = np.sqrt(squared * (share * (1 - share) / count + squared / (4 * count**2)))
    half = spread / (1 + squared / count)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
