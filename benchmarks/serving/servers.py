"""Servers in processes of their own, and a client that asks as fast as it is answered."""

import asyncio
import json
import multiprocessing
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
import uvloop

SPAWN = multiprocessing.get_context("spawn")
START_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """What a load came to.

    Attributes
    ----------
    per_second : float
        Answers with status 200 a second.
    milliseconds : ndarray
        Of each of them.
    refused : int
        Answers 429 and 503.
    failed : int
        All others.
    """

    per_second: float
    milliseconds: np.ndarray
    refused: int
    failed: int

    def percentiles(self) -> dict[str, float]:
        """Return p50, p95 and p99 in milliseconds."""
        if not self.milliseconds.size:
            return {"p50_ms": np.nan, "p95_ms": np.nan, "p99_ms": np.nan}
        values = np.percentile(self.milliseconds, [50, 95, 99]).round(2).tolist()
        return dict(zip(("p50_ms", "p95_ms", "p99_ms"), values, strict=True))


@contextmanager
def running(target: Callable[..., None], *arguments: Any, ready: str) -> Iterator[None]:  # noqa: ANN401
    """Run a server in a process for the length of a `with` block, from when it is ready."""
    process = SPAWN.Process(target=target, args=arguments)
    process.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(ready):
            if time.monotonic() > deadline or not process.is_alive():
                msg = f"no server is ready at {ready}"
                raise RuntimeError(msg)
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.join()


def load(
    port: int,
    request: Callable[[int], bytes],
    seconds: float,
    clients: int,
    per_second: float | None = None,
) -> Load:
    """Ask over kept-alive connections.

    Parameters
    ----------
    port : int
        On this machine.
    request : callable
        From the number of a request to its bytes.
    seconds : float
        How long.
    clients : int
        Connections, each of which waits for its answer.
    per_second : float, optional
        Requests begun a second, spread evenly over the clients; as many as are answered if left
        out. The time of an answer counts from when its request was due.
    """
    return uvloop.run(_load(port, request, seconds, clients, per_second))


def get(path: str) -> bytes:
    """Write a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def post(path: str, content: object) -> bytes:
    """Write a POST request."""
    body = json.dumps(content).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class _Tally:
    """What has been answered so far."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0

    def answered(self, status: int, seconds: float) -> None:
        if status == HTTPStatus.OK:
            self.seconds.append(seconds)
        elif status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            self.refused += 1
        else:
            self.failed += 1


class _Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered, or when it is due.

    Without streams and tasks, for what this takes is taken from the server on the other core.
    """

    def __init__(
        self, requests: Iterator[bytes], due: Iterator[float] | None, end: float, tally: _Tally
    ) -> None:
        self._requests, self._due, self._end, self._tally = requests, due, end, tally
        self._loop = asyncio.get_running_loop()
        self._received, self._wanted, self._begun = b"", 0, 0.0
        self.ended = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Read an answer, and ask again once all of it is there."""
        self._received += data
        if not self._wanted:
            head, between, _ = self._received.partition(b"\r\n\r\n")
            if not between:
                return
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self._wanted = len(head) + len(between) + int(length)
        if len(self._received) < self._wanted:
            return
        status = int(self._received[9:12])
        self._received, self._wanted = self._received[self._wanted :], 0
        self._tally.answered(status, time.perf_counter() - self._begun)
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """Count an answer that never came."""
        if not self.ended.done():
            self._tally.failed += 1
            self.ended.set_result(error)

    def _ask(self) -> None:
        now = time.perf_counter()
        if now >= self._end:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._begun = now if self._due is None else next(self._due)
        if self._begun > now:
            self._loop.call_later(self._begun - now, self._write)
        else:
            self._write()

    def _write(self) -> None:
        self._transport.write(next(self._requests))


async def _load(
    port: int,
    request: Callable[[int], bytes],
    seconds: float,
    clients: int,
    per_second: float | None,
) -> Load:
    tally, start = _Tally(), time.perf_counter()

    async def client(number: int) -> None:
        requests = map(request, count(number, clients))
        due = count(start + number / per_second, clients / per_second) if per_second else None
        made = partial(_Client, requests, due, start + seconds, tally)
        _, one = await asyncio.get_running_loop().create_connection(made, "127.0.0.1", port)
        await one.ended

    await asyncio.gather(*map(client, range(clients)))
    lasted = time.perf_counter() - start
    return Load(
        len(tally.seconds) / lasted, np.array(tally.seconds) * 1000, tally.refused, tally.failed
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def serve_topshelf(home: str, port: int) -> None:
    """Serve a release in this process, without limits that the load would meet."""
    import uvicorn

    from serving.app import create_app
    from serving.limits import Limits
    from serving.settings import ServingSettings

    limits = Limits(requests_per_second=1_000_000)
    settings = ServingSettings(Path(home), limits=limits)
    uvicorn.run(create_app(settings), port=port, log_level="error", access_log=False)


def serve_feast(folder: str, port: int) -> None:
    """Serve Feast's own feature server over the store that `lookup` filled."""
    import uvicorn
    from feast import FeatureStore, RepoConfig
    from feast.feature_server import get_app

    path = Path(folder)
    config = RepoConfig(
        project="benchmark",
        provider="local",
        registry=str(path / "registry.db"),
        online_store={"type": "sqlite", "path": str(path / "online.db")},
        offline_store={"type": "duckdb"},
        entity_key_serialization_version=3,
    )
    store = FeatureStore(repo_path=str(path), config=config)
    uvicorn.run(get_app(store), port=port, log_level="error", access_log=False)
