import pytest

from orchestration.stopwatch import Stopwatch


@pytest.fixture
def watch(monkeypatch):
    """Return a stopwatch, and a clock that only moves when it is told to."""
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    def passing(seconds):
        now[0] += seconds

    return Stopwatch(), passing


def test_the_times_of_a_part_are_added_up(watch):
    stopwatch, passing = watch
    for seconds in (2, 3):
        with stopwatch.timing("fit"):
            passing(seconds)
    passing(7)
    assert stopwatch.seconds == {"fit": 5}


def test_making_blocks_counts_and_what_is_done_with_them_does_not(watch):
    stopwatch, passing = watch

    def blocks():
        for number in range(3):
            passing(1)
            yield number
        passing(10)

    made = []
    for block in stopwatch.making("propose", blocks()):
        passing(100)
        made.append(block)
    assert made == [0, 1, 2]
    assert stopwatch.seconds == {"propose": 13}
