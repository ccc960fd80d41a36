"""What holds for all tests."""

import os

# Before Feast: on import it tells the Prometheus client that processes share their metrics in a
# folder of Feast's, and the counters of all applications of this process would be one.
import prometheus_client  # noqa: F401

before = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
import feast.metrics  # noqa: E402, F401

if before is None:
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
