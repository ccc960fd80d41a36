"""The online application in this process, asked by its own protocol, at a moment of our choice."""

import asyncio
import json
import math
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from starlette.types import Message

from serving.app import create_app
from serving.application import Application
from serving.limits import Limits
from serving.settings import ServingSettings

# Nothing may depend on how busy the machine is.
PATIENCE_SECONDS = 60.0
UNLIMITED = Limits(requests_per_second=1_000_000, wait_seconds=math.inf)


class RefusedError(RuntimeError):
    """The application did not answer as it must."""


@dataclass
class Clock:
    """The time of the shop.

    Attributes
    ----------
    second : int
        Unix second.
    """

    second: int = 0

    def now(self) -> datetime:
        """Return the time as the application wants it."""
        return datetime.fromtimestamp(self.second, tz=UTC)


class OpenApplication:
    """The application of `topshelf serve`, without a socket; a context manager.

    Parameters
    ----------
    settings : ServingSettings
    clock : Clock
        What it takes for now.
    """

    def __init__(self, settings: ServingSettings, clock: Clock) -> None:
        self._app = create_app(settings, clock.now)
        self._parts: Application = self._app.state.parts
        self._runner = asyncio.Runner()
        self._lifespan: AbstractAsyncContextManager[Any] = self._app.router.lifespan_context(
            self._app
        )

    def __enter__(self) -> Self:
        self._runner.run(self._lifespan.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self._lifespan.__aexit__(kind, error, trace))
        self._runner.close()

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Ask for something."""
        return self._runner.run(self._answer("GET", path, urlencode(query), b""))

    def post(self, path: str, content: object) -> dict[str, Any]:
        """Send something."""
        return self._runner.run(self._answer("POST", path, "", json.dumps(content).encode()))

    def wait_for_release(self, release_id: str) -> None:
        """Wait until a release answers."""
        self._wait(lambda: self._live() == release_id, f"take up the release {release_id}")

    def wait_for_impressions(self) -> None:
        """Wait until all that was shown is on disk, as a run will want it."""
        self._wait(lambda: self._parts.impressions.rows_waiting == 0, "write what it showed")

    def _live(self) -> str | None:
        shelved = self._parts.shelved()
        return shelved.live.release_id if shelved and shelved.live else None

    def _wait(self, is_done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_done():
            if time.monotonic() > until:
                raise RefusedError(f"the application did not {what} in {PATIENCE_SECONDS:.0f} s")
            time.sleep(0.02)

    async def _answer(self, method: str, path: str, query: str, body: bytes) -> dict[str, Any]:
        """Speak ASGI, as a server does."""
        parts: list[bytes] = []
        status = 0

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
        }
        await self._app(scope, receive, send)
        answer = json.loads(b"".join(parts))
        if status != 200:
            raise RefusedError(f"{method} {path} was answered with {status}: {answer}")
        return dict(answer)
