"""What SQLMesh says while it builds: nothing, but for the models that fail."""

import sys

from sqlmesh.core.console import NoopConsole
from sqlmesh.utils.concurrency import NodeExecutionFailedError


class FailuresOnly(NoopConsole):
    """A console that names the models that could not be built, and why."""

    def log_failed_models(self, errors: list[NodeExecutionFailedError]) -> None:
        """Write each failed model with its cause to standard error."""
        for error in errors:
            sys.stderr.write(f"{error.node}: {error.__cause__ or error}\n")
