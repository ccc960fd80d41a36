"""Servers in processes of their own, and a client that asks as fast as it is answered."""

import asyncio
import json
import multiprocessing
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

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
    return asyncio.run(_load(port, request, seconds, clients, per_second))


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


async def _load(
    port: int,
    request: Callable[[int], bytes],
    seconds: float,
    clients: int,
    per_second: float | None,
) -> Load:
    taken: list[float] = []
    others = {"refused": 0, "failed": 0}
    start = time.perf_counter()
    end = start + seconds
    gap = clients / per_second if per_second else 0.0

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count, due = number, start + gap * number / clients
        while (now := time.perf_counter()) < end:
            if gap:
                await asyncio.sleep(max(0.0, due - now))
            begun = due if gap else now
            writer.write(request(count))
            status = await _status(reader)
            if status == 200:
                taken.append(time.perf_counter() - begun)
            else:
                others["refused" if status in (429, 503) else "failed"] += 1
            count, due = count + clients, due + gap
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    lasted = time.perf_counter() - start
    return Load(len(taken) / lasted, np.array(taken) * 1000, **others)


async def _status(reader: asyncio.StreamReader) -> int:
    """Read one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    place = lower.index(b"content-length:") + len(b"content-length:")
    length = int(lower[place : lower.index(b"\r\n", place)])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


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
