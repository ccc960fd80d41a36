"""What was shown, into the landing log, without anybody waiting for it."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from serving.landing import LandingClosedError, LandingFullError, LandingLog
from serving.metrics import Metrics


def impression_rows(
    request: dict[str, Any], shown: Sequence[dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Return the lines of the landing log for an answer.

    Parameters
    ----------
    request : dict
        `request_id`, `user_id`, `surface`, `release_id`, `variant`, `fallback`, `is_degraded` and
        `duration_ms`: of the answer. Instead of `user_id`, `similar_to_item_id` where the answer
        is to an item.
    shown : sequence of dict
        `item_id`, `rank`, `source`, `propensity`: of each item.
    now : datetime
        With its time zone.

    Returns
    -------
    list of dict
        The propensities are marginal, as `explored` gives them: whatever stands above.
    """
    moment = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    told = {"propensity_kind": "marginal", "shown_at": moment}
    return [{**request, **item, **told} for item in shown]


def log_impressions(log: LandingLog, metrics: Metrics, rows: list[dict[str, Any]]) -> None:
    """Hand impressions over; those that are lost are counted.

    Parameters
    ----------
    log : LandingLog
        Bounded: what does not fit is dropped, for the answer does not wait.
    metrics : Metrics
    rows : list of dict
        Of `impression_rows`.
    """

    def written(done: "Future[None]") -> None:
        if not done.cancelled() and done.exception() is not None:
            metrics.landing_failures.labels("impressions").inc()
            metrics.impressions_dropped.labels("disk").inc(len(rows))

    try:
        log.append(rows).add_done_callback(written)
    except (LandingFullError, LandingClosedError):
        metrics.impressions_dropped.labels("full").inc(len(rows))
    else:
        metrics.impressions.inc(len(rows))
