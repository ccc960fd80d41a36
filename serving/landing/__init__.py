"""The landing log: what clients send and what is shown, on disk before it is acknowledged."""

from serving.landing.log import LandingClosedError, LandingFullError, LandingLog
from serving.landing.segments import landed_rows, repair

__all__ = ["LandingClosedError", "LandingFullError", "LandingLog", "landed_rows", "repair"]
