"""Work in a process of its own, so that its memory is its own too."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

from orchestration.tuning.processes import end_with_parent

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def apart(
    work: Callable[Parameters, Answer], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Answer:
    """Call a function in a new process; what it prints goes to standard error.

    Raises
    ------
    Exception
        What the function raises.
    """
    # A fork would begin with the memory of this process.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=_begin) as executor:
        return executor.submit(work, *arguments, **named).result()


def _begin() -> None:
    """Keep standard output for the result."""
    end_with_parent()
    os.dup2(2, 1)
