"""Which settings are searched, and within which bounds: all search spaces are here."""

from dataclasses import dataclass, replace
from types import MappingProxyType

DIGITS = 3

Value = float | int


@dataclass(frozen=True)
class Range:
    """Numbers that a search may choose from.

    Attributes
    ----------
    low, high : float
        Bounds, both included; `low` < `high`.
    is_log : bool
        Whether equal factors are equally likely, rather than equal steps; then `low` > 0.
    is_whole : bool
        Whether only whole numbers are meant.
    """

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False

    def __post_init__(self) -> None:
        """Refuse bounds that leave nothing to choose."""
        if not self.low < self.high:
            raise ValueError(f"low must be < high, got {self.low} and {self.high}")
        if self.is_log and not self.low > 0:
            raise ValueError(f"low must be > 0 on a logarithmic range, got {self.low}")


Space = dict[str, Range]

# Variables of dbt that the list of covisitation depends on.
SQL: Space = {
    "history_items": Range(20, 400, is_log=True, is_whole=True),
    "history_half_life_days": Range(2, 365, is_log=True),
    "covisitation_window": Range(2, 60, is_log=True, is_whole=True),
    "covisitation_backward_weight": Range(0, 1),
    "covisitation_distance_power": Range(0, 2),
    "covisitation_gap_half_life_days": Range(0.5, 180, is_log=True),
    "covisitation_age_half_life_days": Range(2, 365, is_log=True),
    "covisitation_length_power": Range(0, 5),
    "covisitation_item_power": Range(0, 1),
    "covisitation_neighbour_power": Range(0, 1),
    "covisitation_minimum_support": Range(1, 5, is_whole=True),
    "neighbours_per_item": Range(50, 400, is_log=True, is_whole=True),
}
# Fields of `AlsParams`.
ALS: Space = {
    "factors": Range(16, 512, is_log=True, is_whole=True),
    "unobserved_weight": Range(0.003, 3, is_log=True),
    "regularization": Range(0.1, 30, is_log=True),
    "frequency_exponent": Range(0, 1),
    "iterations": Range(5, 30, is_whole=True),
}
# Variables of dbt: what a source counts in the blend, against 1 of the factorisation.
BLEND: Space = {
    "blend_covisited_weight": Range(0.1, 10, is_log=True),
    "blend_repeat_weight": Range(0.1, 10, is_log=True),
}
# Fields of `RankerParams`.
RANKER: Space = {
    "learning_rate": Range(0.01, 0.2, is_log=True),
    "leaves": Range(4, 63, is_log=True, is_whole=True),
    "leaf_rows": Range(50, 1000, is_log=True, is_whole=True),
    "l2": Range(0.1, 300, is_log=True),
    "max_features": Range(0.1, 1),
    "negatives_per_positive": Range(2, 30, is_log=True),
}
# Searched one after the other: what comes first is the ground of what follows.
SPACES: MappingProxyType[str, Space] = MappingProxyType(
    {"sql": SQL, "als": ALS, "blend": BLEND, "ranker": RANKER}
)


def widened(space: Space, present: dict[str, Value]) -> Space:
    """Return the space with bounds that hold the present values too.

    Parameters
    ----------
    space : dict of str to Range
        To widen.
    present : dict of str to number
        A value for each name of `space`.
    """
    return {
        name: replace(
            bounds,
            # A logarithmic range cannot reach down to 0; that value is tried all the same.
            low=min(bounds.low, present[name])
            if present[name] > 0 or not bounds.is_log
            else bounds.low,
            high=max(bounds.high, present[name]),
        )
        for name, bounds in space.items()
    }


def rounded(value: Value) -> Value:
    """Round to three significant digits: what is written down is what was tried.

    Whole numbers stay as they are.
    """
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")
