"""Who changes which release answers: the name under every change of the history."""

from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.releases.changes import Change
from serving.pointers import Pointers


@dataclass(frozen=True)
class Signature:
    """Who changes something, when and why.

    Attributes
    ----------
    changed_by : str
        An account and a machine, a run, or a guard.
    reason : str
        In words; may be empty.
    now : datetime
        The moment, with a time zone.
    """

    changed_by: str
    reason: str
    now: datetime

    def change(self, action: str, release_id: str, pointers: Pointers, trail: list[str]) -> Change:
        """Write a change under this name."""
        return Change(
            version=pointers.version,
            changed_at=self.now.astimezone(UTC).isoformat(timespec="milliseconds"),
            changed_by=self.changed_by,
            action=action,
            release_id=release_id,
            reason=self.reason,
            pointers=pointers,
            trail=trail,
        )
