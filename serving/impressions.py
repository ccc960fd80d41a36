"""What was shown, into the landing log, without anybody waiting for it."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

import orjson

from serving.landing import LandingClosedError, LandingFullError, LandingLog
from serving.metrics import Metrics


def impression_lines(
    request: dict[str, Any], shown: Sequence[bytes], propensities: Sequence[float], now: datetime
) -> bytes:
    """Return the lines of the landing log for an answer, a JSON object an item.

    Parameters
    ----------
    request : dict
        `request_id`, `user_id`, `surface`, `release_id`, `variant`, `fallback`, `is_degraded` and
        `duration_ms`: of the answer. Instead of `user_id`, `similar_to_item_id` where the answer
        is to an item.
    shown : sequence of bytes
        Of each item `item_id`, `rank` and `source`: members of a JSON object, without braces.
    propensities : sequence of float
        Of each item, in (0, 1]; they are marginal, as `explored` gives them: whatever stands above.
    now : datetime
        With its time zone.

    Returns
    -------
    bytes
        What is told of each item stands between what is told of the answer.
    """
    moment = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    ending = {"propensity_kind": "marginal", "shown_at": moment}
    # All that the lines have in common is written once.
    head, tail = orjson.dumps(request)[:-1] + b",", b"," + orjson.dumps(ending)[1:] + b"\n"
    # There are few different propensities.
    told = {one: b',"propensity":' + orjson.dumps(one) for one in set(propensities)}
    members = [item + told[one] for item, one in zip(shown, propensities, strict=True)]
    return head + (tail + head).join(members) + tail if members else b""


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
