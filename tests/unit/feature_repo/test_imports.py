"""Feast, which takes seconds to import, is imported late and leaves the process as it was."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OPEN_STORE = """
import sys, warnings
from pathlib import Path
from feature_repo.store import StorePlaces, apply

before = list(warnings.filters)
home = Path(sys.argv[1])
apply(StorePlaces("test", home / "features", home / "registry.db", home / "online.db"))
shown = [entry for entry in warnings.filters if entry not in before and entry[0] != "ignore"]
sys.exit(any(issubclass(DeprecationWarning, entry[2]) for entry in shown))
"""
# What typeguard writes into a function so that it checks its arguments names typeguard.
CHECKS = """
import sys
from pathlib import Path
from feature_repo.store import StorePlaces, open_store
home = Path(sys.argv[1])
open_store(StorePlaces("test", home / "features", home / "registry.db", home / "online.db"))
from feast import FeatureView
sys.exit("typeguard" in FeatureView.__init__.__code__.co_names)
"""


@pytest.mark.parametrize("module", ["feature_repo.store", "feature_repo.lookup"])
def test_importing_does_not_import_feast(module):
    code = f"import {module}, sys; sys.exit('feast' in sys.modules or 'ibis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_applying_shows_no_deprecation_warnings_of_other_libraries(tmp_path):
    command = [sys.executable, "-c", OPEN_STORE, str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def test_feast_is_not_compiled_anew_to_check_its_own_types(tmp_path):
    command = [sys.executable, "-c", CHECKS, str(tmp_path)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
