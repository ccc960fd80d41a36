"""What a serving process changes about itself, and takes back."""

import gc
import sys

import numpy as np
from threadpoolctl import threadpool_info

from serving.sharing import TURN_SECONDS, Sharing, cores


def blas_threads():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


def test_a_serving_process_takes_short_turns_and_is_as_before_afterwards():
    # Only what is imported can be told how many threads to use.
    assert np.ones(2) @ np.ones(2) == 2
    turns, threads = sys.getswitchinterval(), blas_threads()
    sharing = Sharing()
    sharing.imported()
    sharing.warmed()
    assert abs(sys.getswitchinterval() - TURN_SECONDS) < 1e-6
    assert blas_threads() == {1}
    assert gc.get_freeze_count() > 0
    sharing.end()
    assert (sys.getswitchinterval(), blas_threads()) == (turns, threads)
    assert gc.get_freeze_count() == 0


def test_what_comes_after_the_first_release_is_searched_for_garbage():
    sharing = Sharing()
    sharing.warmed()
    kept = [[number] for number in range(1000)]
    before = gc.get_freeze_count()
    sharing.warmed()
    assert gc.get_freeze_count() <= before
    assert len(kept) == 1000
    sharing.end()


def test_a_process_that_has_ended_changes_nothing_any_more():
    turns, threads = sys.getswitchinterval(), blas_threads()
    sharing = Sharing()
    sharing.end()
    sharing.imported()
    sharing.warmed()
    assert (sys.getswitchinterval(), blas_threads()) == (turns, threads)
    assert gc.get_freeze_count() == 0
    assert cores() >= 1
