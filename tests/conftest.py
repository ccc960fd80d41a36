"""What holds for all tests."""

import os
from pathlib import PurePosixPath

# Before Feast: on import it tells the Prometheus client that processes share their metrics in a
# folder of Feast's, and the counters of all applications of this process would be one.
import prometheus_client  # noqa: F401
import pytest
from xdist.scheduler import LoadScopeScheduling

before = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
import feast.metrics  # noqa: E402, F401

if before is None:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)

# In these folders all files use what takes minutes to make.
MADE_ONCE = {"tests/integration/sample_run", "tests/integration/sample_by_dbt"}


class Together(LoadScopeScheduling):
    """Gives a worker whole files, and whole folders where the files share what is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        folder = str(PurePosixPath(file).parent)
        return folder if folder in MADE_ONCE else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Say which tests stay together when several workers run them."""
    return Together(config, log)
