"""Bounds that a release must keep to go live."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateBounds:
    """Bounds that a log may change in its settings file.

    Attributes
    ----------
    least_user_share : float
        Of the users with items left to show who must have a list, in [0, 1].
    least_coverage_ratio : float
        Of the share of the catalogue that the live release shows, >= 0.
    most_age_hours : float
        Of the newest row of the log when the lists were made, > 0.
    least_baseline_lift : float
        Mean difference of nDCG@10 to the best lists by SQL alone that the interval must reach.
    least_live_lift : float
        The same to the live release.
    """

    least_user_share: float = 1.0
    least_coverage_ratio: float = 0.5
    most_age_hours: float = 168.0
    least_baseline_lift: float = 0.0
    least_live_lift: float = 0.0

    def __post_init__(self) -> None:
        """Refuse bounds that nothing or everything passes."""
        if not 0 <= self.least_user_share <= 1:
            raise ValueError(f"least_user_share must be in [0, 1], got {self.least_user_share}")
        if not self.least_coverage_ratio >= 0:
            raise ValueError(f"least_coverage_ratio must be >= 0, got {self.least_coverage_ratio}")
        if not self.most_age_hours > 0:
            raise ValueError(f"most_age_hours must be > 0, got {self.most_age_hours}")
