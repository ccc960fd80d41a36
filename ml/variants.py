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
        Users who turned to something after an answer.
    users : int
        Who asked, each once: how often one asks says nothing about the others.
    """

    requests: int = 0
    errors: int = 0
    slow: int = 0
    engaged: int = 0
    users: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that cannot be."""
        bounds = {"errors": "requests", "slow": "requests", "users": "requests", "engaged": "users"}
        for name, whole in bounds.items():
            most = getattr(self, whole)
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(
                    f"{name} must be from 0 to the {most} {whole}, got {getattr(self, name)}"
                )
