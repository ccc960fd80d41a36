"""A command of `topshelf` that keeps running, as a process like that of a terminal."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx

from orchestration.settings import PROJECT_ROOT
from tests.integration.runs import command
from tests.integration.serving.server import free_port

# Each process imports everything anew, which takes long where many things run.
PATIENCE_SECONDS = 240


class TopshelfProcess:
    """`with TopshelfProcess(home, "serve") as process`: one that is told to stop at the end.

    Parameters
    ----------
    home : Path
        Above the folders of the logs.
    arguments : str
        Of `topshelf`.
    """

    def __init__(self, home: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            command(*arguments),
            cwd=PROJECT_ROOT,
            env={**os.environ, "TOPSHELF_HOME": str(home), "TOPSHELF_MAPPING": "sample"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Press Ctrl-C, or send another signal; return the exit code and the complaints."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            errors = self._process.communicate(timeout=PATIENCE_SECONDS)[1]
        finally:
            self.kill()
        return self._process.returncode, errors

    def kill(self) -> None:
        """End it, and the processes that it began, without a chance to clean up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> "TopshelfProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self.stop()


class TopshelfServer(TopshelfProcess):
    """`topshelf serve`, as soon as it answers from its release."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.port = free_port()
        super().__init__(home, "serve", "--port", str(self.port), *arguments)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise TimeoutError(f"topshelf serve is not ready: {self.stop()[1]}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False
