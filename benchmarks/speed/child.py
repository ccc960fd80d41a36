"""The process that `run_task` starts."""

import importlib
import json
import resource
import sys
from pathlib import Path


def main() -> None:
    """Read a request from standard input, run it, and write the answer to the named file."""
    request = json.loads(sys.stdin.read())
    if request["address_space"]:
        limit = request["address_space"]
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    answer = importlib.import_module(request["module"]).run(**request["arguments"])
    Path(sys.argv[1]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
