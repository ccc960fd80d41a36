"""Events are taken while what answers lists is still being imported."""

import subprocess
import sys
import time

from fastapi.testclient import TestClient

from serving.app import create_app
from serving.settings import ServingSettings
from tests.unit.serving.lists_asked import PATIENCE_SECONDS

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


def test_what_cannot_be_imported_is_told_and_events_are_taken_all_the_same(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setitem(sys.modules, "serving.shelf", None)
    with TestClient(create_app(ServingSettings(tmp_path))) as client:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (ready := client.get("/readyz")).json()["status"] == "starting":
            assert time.monotonic() < deadline, "nothing says why lists cannot be asked for"
            time.sleep(0.01)
        assert (ready.status_code, ready.json()["status"]) == (503, "failed")
        (fault,) = ready.json()["degraded"]
        assert "ModuleNotFoundError: import of serving.shelf halted" in fault
        assert "NUMBA_CACHE_DIR" in fault
        assert fault in caplog.messages
        for path in ("/v1/recommendations/ann", "/v1/similar/i1"):
            refused = client.get(path)
            assert (refused.status_code, "/readyz" in refused.json()["detail"]) == (503, True)
        event = {"user_id": "ann", "item_id": "i1", "event_type": "view"}
        assert client.post("/v1/events", json=event).json()["visible"]
