"""Events are taken while what answers lists is still being imported."""

import subprocess
import sys

SLOW = ("numba", "pandas", "sklearn", "scipy", "feast", "mlflow", "duckdb", "serving.bundle")


def test_the_application_starts_without_what_takes_seconds():
    program = f"import sys, serving.app; print([n for n in {SLOW} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
