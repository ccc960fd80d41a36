"""Charts as inline SVG, which need no script and no network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 14, 14, 34
# Lines across the picture, about so many.
TICKS = 4


@dataclass(frozen=True)
class Line:
    """A line with a band around it; points from left to right.

    Parameters
    ----------
    name : str
        Also the class that colours it: `control`, `true`, or anything else.
    points : sequence of tuple of float
        x, value, lower, upper.
    """

    name: str
    points: Sequence[tuple[float, float, float, float]]


@dataclass(frozen=True)
class Frame:
    """The ranges of both axes, and where a value lies in the picture."""

    x_from: float
    x_until: float
    y_from: float
    y_until: float

    def x(self, value: float) -> float:
        """Return the distance from the left edge."""
        span = (self.x_until - self.x_from) or 1.0
        return LEFT + (value - self.x_from) / span * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the distance from the top edge; what is outside is drawn at the edge."""
        span = (self.y_until - self.y_from) or 1.0
        inside = min(max(value, self.y_from), self.y_until)
        return HEIGHT - BOTTOM - (inside - self.y_from) / span * (HEIGHT - TOP - BOTTOM)


def line_chart(
    lines: Sequence[Line],
    title: str,
    x_labels: Sequence[tuple[float, str]],
    *,
    is_share: bool = False,
    zero: bool = False,
) -> str:
    """Draw lines with bands.

    Parameters
    ----------
    lines : sequence of Line
        At least one with a point; else an empty text is returned.
    title : str
        What a screen reader says.
    x_labels : sequence of tuple of float and str
        Marks below the picture.
    is_share : bool
        Whether values are shares, written in per cent.
    zero : bool
        Whether values are differences: the line of none is drawn, and differences of shares are
        numbers of percentage points.
    """
    points = [point for line in lines for point in line.points]
    if not points:
        return ""
    frame = _frame(points, zero=zero)
    parts = [_opening(title), _grid(frame, is_share=is_share, zero=zero), _marks(frame, x_labels)]
    if zero:
        level = frame.y(0.0)
        parts.append(f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" {_at("y", level)}/>')
    parts += [_band(line, frame) for line in lines]
    parts += [_stroke(line, frame) for line in lines]
    return "".join([*parts, "</svg>"])


def interval_bar(lower: float, value: float, upper: float, reach: float) -> str:
    """Draw one interval about zero, as wide as `reach` to each side; for a cell of a table."""
    if not reach > 0 or any(math.isnan(number) for number in (lower, value, upper)):
        return ""
    places = [60 + 56 * min(max(number / reach, -1), 1) for number in (lower, value, upper)]
    status = "good" if lower > 0 else "bad" if upper < 0 else "open"
    return (
        f'<svg class="bar" viewBox="0 0 120 16" role="img" aria-label="{value:+.3g}">'
        '<line class="zero" x1="60" x2="60" y1="0" y2="16"/>'
        f'<line class="{status}" x1="{places[0]:.1f}" x2="{places[2]:.1f}" y1="8" y2="8"/>'
        f'<circle class="{status}" cx="{places[1]:.1f}" cy="8" r="3.5"/></svg>'
    )


def number(value: float, *, is_share: bool = False, signed: bool = False) -> str:
    """Write a number as people read it: shares in per cent, others with three digits."""
    if value is None or math.isnan(value):
        return "n/a"
    sign = "+" if signed else ""
    if is_share:
        return f"{100 * value:{sign}.1f} %"
    if abs(value) >= 100:
        return f"{value:{sign},.0f}"
    return f"{value:{sign}.3g}"


def difference(value: float, *, is_share: bool = False, signed: bool = True) -> str:
    """Write a difference of two numbers: of shares in percentage points, others as `number`."""
    return number(value, is_share=is_share, signed=signed).replace("%", "points")


def _frame(points: Sequence[tuple[float, float, float, float]], *, zero: bool) -> Frame:
    """Fit the ranges; the first looks are so uncertain that they would flatten all others."""
    xs = [point[0] for point in points]
    settled = points[len(points) // 4 :]
    lows, highs = [point[2] for point in settled], [point[3] for point in settled]
    low, high = min([*lows, *([0.0] if zero else [])]), max([*highs, *([0.0] if zero else [])])
    margin = 0.06 * ((high - low) or 1.0)
    return Frame(min(xs), max(xs), low - margin, high + margin)


def _opening(title: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>'
    )


def _grid(frame: Frame, *, is_share: bool, zero: bool) -> str:
    parts = []
    unit = "" if zero else " %"
    step = _round_step((frame.y_until - frame.y_from) / TICKS)
    first, last = math.ceil(frame.y_from / step), math.floor(frame.y_until / step)
    for place in range(first, last + 1):
        level = frame.y(place * step)
        label = f"{100 * place * step:g}{unit}" if is_share else number(place * step)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" {_at("y", level)}/>'
            f'<text class="y" x="{LEFT - 6}" y="{level + 4:.1f}">{label}</text>'
        )
    return "".join(parts)


def _round_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the next above."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)


def _marks(frame: Frame, labels: Sequence[tuple[float, str]]) -> str:
    """Write below the picture; the first and last labels must not leave it."""
    last = len(labels) - 1
    parts = []
    for order, (place, text) in enumerate(labels):
        anchor = "start" if order == 0 else "end" if order == last else "middle"
        at = f'x="{frame.x(place):.1f}" y="{HEIGHT - 10}" text-anchor="{anchor}"'
        parts.append(f"<text {at}>{escape(text)}</text>")
    return "".join(parts)


def _band(line: Line, frame: Frame) -> str:
    there = [f"{frame.x(x):.1f},{frame.y(upper):.1f}" for x, _, _, upper in line.points]
    back = [f"{frame.x(x):.1f},{frame.y(lower):.1f}" for x, _, lower, _ in reversed(line.points)]
    return f'<polygon class="band {escape(line.name)}" points="{" ".join([*there, *back])}"/>'


def _stroke(line: Line, frame: Frame) -> str:
    places = " ".join(f"{frame.x(x):.1f},{frame.y(value):.1f}" for x, value, _, _ in line.points)
    return f'<polyline class="line {escape(line.name)}" points="{places}"/>'


def _at(axis: str, level: float) -> str:
    return f'{axis}1="{level:.1f}" {axis}2="{level:.1f}"'
