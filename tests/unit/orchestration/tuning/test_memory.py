import pytest

from orchestration.tuning.memory import available_bytes, jobs_that_fit


@pytest.mark.parametrize(
    ("jobs", "each", "available", "fit"),
    [
        # One runs already; of 1000 free bytes 800 may be taken.
        pytest.param(4, 100, 1000, 4, id="room for all"),
        pytest.param(9, 200, 1000, 5, id="room for some"),
        pytest.param(9, 801, 1000, 1, id="no room beside the one that runs"),
        pytest.param(9, 100, 0, 1, id="no room at all, yet one goes on"),
        pytest.param(3, 0, 0, 3, id="nothing known yet"),
    ],
)
def test_trials_at_a_time_fit_into_the_memory(jobs, each, available, fit):
    assert jobs_that_fit(jobs, each, available) == fit


def test_a_container_has_less_than_its_machine(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:   8 kB\n")
    assert available_bytes(tmp_path) == 8192
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("5000\n")
    (group / "memory.current").write_text("2000\n")
    assert available_bytes(tmp_path) == 3000
    (group / "memory.max").write_text("max\n")
    assert available_bytes(tmp_path) == 8192


def test_a_system_that_does_not_say_is_no_bound(tmp_path):
    assert available_bytes(tmp_path) is None
