"""The process that `run_task` starts."""

import importlib
import json
import os
import resource
import sys
from pathlib import Path

from benchmarks.speed.processes import cpu_seconds, peak_bytes


def main() -> None:
    """Read a request from standard input, run it, and write the answer to the named file."""
    request = json.loads(sys.stdin.read())
    if request["address_space"]:
        limit = request["address_space"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    answer = importlib.import_module(request["module"]).run(**request["arguments"])
    told = {
        "answer": answer,
        "peak_bytes": peak_bytes(os.getpid()),
        "cpu_seconds": cpu_seconds(os.getpid()),
    }
    Path(sys.argv[1]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
