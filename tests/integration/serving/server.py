"""A real server process to send requests to, and to kill."""

import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path

import httpx

from serving.settings import ServingSettings

# Children are forked off a process that has imported everything: they start in no time.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["serving.app", "uvicorn"])
PATIENCE_SECONDS = 30


def serve(settings: ServingSettings, port: int) -> None:
    """Run the application as `topshelf serve` does."""
    import uvicorn

    from serving.app import create_app

    uvicorn.run(create_app(settings), port=port, log_level="error", access_log=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server process; `with Server(settings) as server` ends it, `kill()` kills it."""

    def __init__(self, settings: ServingSettings, port: int | None = None) -> None:
        self.settings, self.port = settings, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = FORKS.Process(target=serve, args=(self.settings, self.port))
        self.process.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.01)
        raise TimeoutError(f"no server at {self.url}")

    def ready(self) -> "Server":
        """Wait until the release is loaded."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while httpx.get(f"{self.url}/readyz", timeout=5).status_code != 200:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.url} is not ready")
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """End it without a chance to clean up."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    def stop(self) -> None:
        """End it as a service manager does."""
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.join(PATIENCE_SECONDS)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def home_of(folder: Path) -> Path:
    home = folder / "shop"
    home.mkdir(parents=True, exist_ok=True)
    return home
