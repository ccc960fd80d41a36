"""Feast, which takes seconds to import, is imported only when a store is opened."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("module", ["feature_repo.store", "feature_repo.lookup"])
def test_importing_does_not_import_feast(module):
    code = f"import {module}, sys; sys.exit('feast' in sys.modules or 'ibis' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
