import os
import subprocess

import pytest

from orchestration.settings import PROJECT_ROOT

COMMANDS = {
    "run": 'topshelf run --mapping "{}"',
    "dev": 'TOPSHELF_MAPPING="{}"',
    "plan": 'TOPSHELF_MAPPING="{}"',
}


def would_do(target, *arguments, **variables):
    """Say what `make` would do; what a `make` that runs the tests was told is not passed on."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MAKE") and name not in {"MAPPING", "TOPSHELF_MAPPING", "MFLAGS"}
    }
    finished = subprocess.run(
        ["make", "--dry-run", target, *arguments],
        cwd=PROJECT_ROOT,
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout


@pytest.mark.parametrize("target", COMMANDS)
def test_the_log_is_the_one_of_the_call_else_of_the_environment_else_the_sample(target):
    command = COMMANDS[target]
    assert command.format("sample") in would_do(target)
    assert command.format("sample") in would_do(target, TOPSHELF_MAPPING="")
    assert command.format("my_shop") in would_do(target, TOPSHELF_MAPPING="my_shop")
    chosen = would_do(target, "MAPPING=other", TOPSHELF_MAPPING="my_shop")
    assert command.format("other") in chosen
