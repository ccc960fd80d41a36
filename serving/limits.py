"""How much one caller, one request and all requests together may ask for."""

import time
from dataclasses import dataclass
from http import HTTPStatus

from pyrate_limiter import Duration, Rate, RateItem, StateBucket, TokenBucket
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.delay import LoopDelay
from serving.metrics import Metrics
from serving.problems import Problem, problem_response

WITH_BODY = ("/v1/events",)
# Those who watch the application must be answered also when it is busy.
ALWAYS_ADMITTED = ("/healthz", "/readyz", "/metrics")
RETRY_SECONDS = 1.0
UNMATCHED = "other"


@dataclass(frozen=True)
class Limits:
    """Limits of one process; with several processes each has its own.

    Parameters
    ----------
    body_bytes : int
        Largest body of a request.
    events_per_request : int
        Most events in one request.
    requests_per_second : int
        Of one API key; as many may come at once.
    concurrent_requests : int
        Most requests that are worked on; more are sent away, to be tried again.
    wait_seconds : float
        So long a request may have waited before it is looked at; later ones are sent away.
    items_per_answer : int
        Most items of a list.
    """

    body_bytes: int = 256 * 1024
    events_per_request: int = 500
    requests_per_second: int = 2_000
    concurrent_requests: int = 64
    wait_seconds: float = 0.5
    items_per_answer: int = 100

    def __post_init__(self) -> None:
        """Refuse limits that would answer nobody."""
        for name, value in vars(self).items():
            if value <= 0:
                msg = f"{name} must be > 0, got {value}"
                raise ValueError(msg)


class RateLimiter:
    """A bucket of tokens per caller.

    Parameters
    ----------
    per_second : int
        Tokens that come back each second, and most that a bucket holds.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        # Callers are the names of keys: there are as many buckets as keys.
        self._buckets: dict[str, StateBucket] = {}

    def admit(self, caller: str) -> None:
        """Take a token.

        Raises
        ------
        Problem
            429 if the caller has none left, with the time after which there is one.
        """
        bucket = self._buckets.get(caller)
        if bucket is None:
            rates = [Rate(self._per_second, Duration.SECOND)]
            bucket = self._buckets[caller] = StateBucket(rates, TokenBucket())
        item = RateItem(caller, int(bucket.now()))
        if not bucket.put(item):
            wait = max(int(bucket.waiting(item)) / 1000, 0.001)  # type: ignore[arg-type]
            detail = (
                f"the key {caller!r} may ask {self._per_second} times a second; "
                f"try again in {wait:.3f} s"
            )
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, retry_after=wait)


class AdmissionMiddleware:
    """Send away what is too much, too large or no JSON, before any work is done for it.

    Every answer is counted and timed here, for nothing stands before it.

    Parameters
    ----------
    app : ASGIApp
        The application behind it.
    limits : Limits
    metrics : Metrics
    """

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics) -> None:
        self._app, self._limits, self._metrics = app, limits, metrics
        self._running = 0
        self._delay = LoopDelay()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application do so."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._admitted(scope, receive, watched)
        finally:
            # The template, not the path: ids would make a series each.
            route = getattr(scope.get("route"), "path", UNMATCHED)
            self._metrics.answered(route, status, time.perf_counter() - start)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["path"] in ALWAYS_ADMITTED else self._refusal(scope)
        if refusal is not None:
            self._metrics.refused.labels(str(refusal.status_code)).inc()
            path, status = scope["path"], refusal.status_code
            response = problem_response(path, status, refusal.detail, refusal.headers)
            await response(scope, receive, send)
            return
        self._running += 1
        try:
            await self._bounded(scope, receive, send)
        finally:
            self._running -= 1

    def _refusal(self, scope: Scope) -> Problem | None:
        """Tell from its head alone why a request is not admitted."""
        most = self._limits.concurrent_requests
        if self._running >= most:
            detail = f"{most} requests are being answered, which is the most; try again"
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after=RETRY_SECONDS)
        waited = self._delay.seconds()
        if waited > self._limits.wait_seconds:
            detail = f"requests wait {waited:.2f} s before they are looked at; try again"
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after=RETRY_SECONDS)
        if scope["method"] not in ("POST", "PUT", "PATCH"):
            return None
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            return self._too_large()
        kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip()
        if scope["path"] in WITH_BODY and kind.lower() != "application/json":
            detail = f"the body must be application/json, got {kind[:80]!r}"
            return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        return None

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, unless the body grows too large while it comes in."""
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limits.body_bytes:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> Problem:
        detail = f"the body must have <= {self._limits.body_bytes} bytes; send it in parts"
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
