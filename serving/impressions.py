"""What was shown, into the landing log, without anybody waiting for it."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import orjson

from serving.landing import LandingClosedError, LandingFullError, LandingLog
from serving.metrics import Metrics


def impression_lines(
    request: dict[str, Any], shown: Sequence[dict[str, Any]], now: datetime
) -> bytes:
    """Return the lines of the landing log for an answer, a JSON object an item.

    Parameters
    ----------
    request : dict
        `request_id`, `user_id`, `surface`, `release_id`, `variant`, `fallback`, `is_degraded` and
        `duration_ms`: of the answer. Instead of `user_id`, `similar_to_item_id` where the answer
        is to an item.
    shown : sequence of dict
        `item_id`, which must come first, `rank`, `source`, `propensity`: of each item.
    now : datetime
        With its time zone.

    Returns
    -------
    bytes
        What is told of each item stands between what is told of the answer. The propensities are
        marginal, as `explored` gives them: whatever stands above.
    """
    if not shown:
        return b""
    moment = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    told = {"propensity_kind": "marginal", "shown_at": moment}
    head, tail = orjson.dumps(request)[:-1] + b",", b"," + orjson.dumps(told)[1:] + b"\n"
    # All that the lines have in common is written once, and all else in one go. No text can hold
    # what parts the items: a quote within it has a backslash before it, and its own last one is not
    # followed by a letter.
    items = orjson.dumps(shown)[2:-2]
    between = tail + head + b'"item_id":'
    return head + items.replace(b'},{"item_id":', between) + tail


def log_impressions(log: LandingLog, metrics: Metrics, lines: bytes, count: int) -> None:
    """Hand impressions over; those that are lost are counted.

    Parameters
    ----------
    log : LandingLog
        Bounded: what does not fit is dropped, for the answer does not wait.
    metrics : Metrics
    lines : bytes
        Of `impression_lines`.
    count : int
        How many these are.
    """
    if not count:
        return

    def written(done: "Future[None]") -> None:
        if not done.cancelled() and done.exception() is not None:
            metrics.landing_failures.labels("impressions").inc()
            metrics.impressions_dropped.labels("disk").inc(count)

    try:
        log.append_lines(lines, count).add_done_callback(written)
    except (LandingFullError, LandingClosedError):
        metrics.impressions_dropped.labels("full").inc(count)
    else:
        metrics.impressions.inc(count)
