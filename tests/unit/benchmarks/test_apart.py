import os

import pytest

from benchmarks.quality.apart import apart
from benchmarks.speed.processes import peak_bytes


def held_at_the_end(megabytes):
    """Hold some memory, and return the most that this process has held."""
    held = bytearray(megabytes * 2**20)
    held[:: 2**12] = b"x" * len(held[:: 2**12])
    return peak_bytes(os.getpid())


def refuse(reason):
    raise ValueError(reason)


def test_the_memory_of_one_data_set_is_not_that_of_another():
    large, small = apart(held_at_the_end, 300), apart(held_at_the_end, 1)
    assert large - small > 250 * 2**20


def test_what_fails_in_another_process_fails_here():
    with pytest.raises(ValueError, match="nothing to measure"):
        apart(refuse, "nothing to measure")
