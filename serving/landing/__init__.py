"""The landing log: what clients send and what is shown, on disk before it is acknowledged."""

from serving.landing.cursor import Landed, rows_after
from serving.landing.log import LandingClosedError, LandingFullError, LandingLog
from serving.landing.newest import newest_rows, remove_oldest
from serving.landing.segments import landed_rows, repair

__all__ = [
    "Landed",
    "LandingClosedError",
    "LandingFullError",
    "LandingLog",
    "landed_rows",
    "newest_rows",
    "remove_oldest",
    "repair",
    "rows_after",
]
