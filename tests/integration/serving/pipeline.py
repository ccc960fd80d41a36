"""Steps of the pipeline in processes that are forked off one that has imported everything.

`python -m tests.integration.serving.pipeline MAPPING` reads steps from its input, a word a line,
and answers each with the number of the process, and later with how it ended.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from orchestration.settings import PROJECT_ROOT, Settings, read_settings

# A landed event goes through these: as it was accepted, and as a table that others read.
MODELS = ("stg_events__interactions", "stg_events__deliveries", "int_interactions")


class Pipeline:
    """Starts a step, and kills it.

    Parameters
    ----------
    settings : Settings
        Of the home.
    mapping : Path
        A file with the mapping as JSON, for dbt.
    """

    def __init__(self, settings: Settings, mapping: Path) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.integration.serving.pipeline",
                str(mapping),
            ],
            cwd=PROJECT_ROOT,
            env={**os.environ, **settings.environment()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._said() == "ready"

    def finish(self, step: str) -> bool:
        """Let a step run to its end; return whether it did well."""
        self._tell(step)
        return self._said() == "0"

    def kill(self, step: str, seconds: float) -> bool:
        """Kill a step after some time; return whether it was at work until then."""
        self._tell(step)
        timer = threading.Timer(seconds, self._kill)
        timer.start()
        status = self._said()
        timer.cancel()
        return status == str(-signal.SIGKILL)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _tell(self, step: str) -> None:
        self._process.stdin.write(f"{step}\n")
        self._process.stdin.flush()
        self._child = int(self._said())

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child, signal.SIGKILL)

    def _said(self) -> str:
        return self._process.stdout.readline().strip()


def serve_steps(mapping: Path) -> None:
    """Fork off a process for each step that is asked for."""
    # Only answers go to the output; what the steps say goes where errors go.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    settings = read_settings()
    settings.export()
    from dbt.cli.main import dbtRunner

    from tests.integration.serving.shop_home import make_batch

    told = json.loads(mapping.read_text())
    options = [
        *("--quiet", "--target-path", str(mapping.with_name("target"))),
        *("--log-path", str(mapping.with_name("target")), "--vars", json.dumps({"mapping": told})),
    ]
    manifest = dbtRunner().invoke(["parse", *options]).result

    def dbt(*arguments: str) -> bool:
        return dbtRunner(manifest=manifest).invoke([*arguments, *options]).success

    steps = {
        "seeds": lambda: dbt("seed"),
        "tables": lambda: dbt("run", "--select", *MODELS),
        "batch": lambda: make_batch(settings),
    }
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.setsid()
            os._exit(0 if steps[line.strip()]() else 1)
        print(child, file=answers, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


if __name__ == "__main__":
    serve_steps(Path(sys.argv[1]))
