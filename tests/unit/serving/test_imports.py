"""Events are taken while what answers lists is still being imported."""

import subprocess
import sys

SLOW = ("numba", "pandas", "sklearn", "scipy", "feast", "mlflow", "duckdb", "serving.bundle")


def test_the_application_starts_without_what_takes_seconds():
    program = f"import sys, serving.app; print([n for n in {SLOW} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr


WHILE_LOADING = f"""
import importlib.abc, importlib.util, pathlib, sys, threading
from fastapi.testclient import TestClient
from serving.app import create_app
from serving.settings import ServingSettings

class Held(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name == "serving.shelf" else None

    def exec_module(self, module):
        begun.set()
        released.wait()
        raise ImportError("the test has ended")

begun, released = threading.Event(), threading.Event()
sys.meta_path.insert(0, Held())
with TestClient(create_app(ServingSettings(pathlib.Path(sys.argv[1])))) as client:
    begun.wait()
    paths = ("v1/recommendations/ann", "v1/similar/i1", "healthz", "readyz", "metrics")
    codes = [client.get(path).status_code for path in paths]
    event = {{"user_id": "ann", "item_id": "i1", "event_type": "view"}}
    codes.append(client.post("/v1/events", json=event).status_code)
    print(codes, [name for name in {SLOW} if name in sys.modules])
    released.set()
"""


def test_nothing_that_is_asked_for_while_a_release_is_loaded_imports_what_takes_seconds(tmp_path):
    """The loop would wait for the loader's imports, and events with it."""
    home = str(tmp_path)
    program = [sys.executable, "-c", WHILE_LOADING, home]
    found = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert found.stdout.strip() == "[503, 503, 200, 503, 200, 200] []", found.stderr
