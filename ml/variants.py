"""Counts of what became of requests, by the release that answered them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VariantCounts:
    """What happened to the requests that one release answered.

    Attributes
    ----------
    requests : int
        Lists asked for.
    errors : int
        Those that were not answered, or not from the release: it was missing, damaged or late.
    slow : int
        Those that took longer than the limit.
    engaged : int
        Those after which the user turned to something; at most one is counted a request.
    """

    requests: int = 0
    errors: int = 0
    slow: int = 0
    engaged: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        for name in ("errors", "slow", "engaged"):
            if not 0 <= getattr(self, name) <= self.requests:
                raise ValueError(
                    f"{name} must be from 0 to the {self.requests} requests, "
                    f"got {getattr(self, name)}"
                )
