"""What the figures rest on: equal rows, equal quality, honest seconds and memory."""

import signal
import subprocess
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from benchmarks.speed import als, sql
from benchmarks.speed.comparing import Out, compare
from benchmarks.speed.processes import (
    GIBIBYTE,
    MEBIBYTE,
    LimitError,
    Limits,
    Measured,
    TaskError,
    run_task,
)
from benchmarks.speed.tastes import Pairs, make_pairs, recall_at, save_pairs


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    sql.make_tables(folder, 30_000)
    return folder


def computed(engine: str, query: str, folder: Path) -> str:
    result = str(folder / f"{engine}.{query}.parquet")
    assert sql.run(engine, query, str(folder), result, 1)["seconds"] > 0
    return result


@pytest.mark.parametrize("query", ["features", "candidates"])
def test_the_models_give_the_rows_that_pandas_gives(tables, query):
    first, second = (computed(engine, query, tables) for engine in ("duckdb", "pandas"))
    count = duckdb.sql(f"select count(*) from '{first}'").fetchone()[0]
    assert count > 100
    assert sql.differing_rows(first, second, query) == 0


def test_a_row_that_differs_or_is_missing_is_counted(tables, tmp_path):
    result = computed("duckdb", "features", tables)
    changed = str(tmp_path / "changed.parquet")
    duckdb.sql(
        f"""
        copy (
            select * replace (
                case when user_id = 'u1' then session_count + 1 else session_count end
                as session_count,
                case when user_id = 'u2' then null else value_log_mean end as value_log_mean
            )
            from '{result}' where user_id != 'u3'
        ) to '{changed}'
        """
    )
    assert sql.differing_rows(result, changed, "features") == 3


def test_a_task_is_measured_in_a_process_of_its_own():
    found = run_task("tests.unit.benchmarks.speed_task", {"mebibytes": 200})
    assert found.seconds == 1.5
    assert found.answer == {"told": "done"}
    assert 200 < found.peak_mib < 1000
    assert 0 < found.cpu_seconds < 60


def test_a_task_that_needs_more_than_it_may_have_fails():
    with pytest.raises(TaskError, match="MemoryError"):
        run_task("tests.unit.benchmarks.speed_task", {"mebibytes": 2000}, 1000 * MEBIBYTE)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(resident_bytes=GIBIBYTE // 4), "over 0.25 GiB"),
        (Limits(seconds=0.01), "over 0.000166667 min"),
    ],
)
def test_a_task_that_takes_more_than_it_may_is_killed(limits, reason):
    with pytest.raises(LimitError, match=reason):
        run_task("tests.unit.benchmarks.speed_task", {"mebibytes": 1000}, limits=limits)


def test_who_stops_the_benchmark_stops_the_task_too(monkeypatch):
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Noted)
    monkeypatch.setattr(time, "sleep", stop)
    with pytest.raises(KeyboardInterrupt):
        run_task("tests.unit.benchmarks.speed_task", {"mebibytes": 200})
    (process,) = started
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LimitError("over 1 min"), "over 1 min"),
        (TaskError("sql failed: Traceback\n  File\nOSError: no space\n"), "OSError: no space"),
    ],
)
def test_who_is_killed_or_fails_is_out_and_the_others_go_on(error, reason):
    def ended():
        raise error

    found = compare({"ours": ended, "theirs": lambda: Measured(2.0, 1.0, 1.0, {})}, 2)
    assert found["ours"] == Out(reason)
    assert found["theirs"].seconds == 2.0
    assert np.isnan(found["theirs"].ratio)


def test_contenders_take_turns_and_medians_are_of_pairs():
    order = []
    seconds = {"ours": iter([1.0, 2.0, 4.0]), "theirs": iter([2.0, 8.0, 4.0])}

    def contender(name):
        def measured():
            order.append(name)
            return Measured(next(seconds[name]), 5.0, 10.0, {})

        return measured

    found = compare({name: contender(name) for name in seconds}, 3)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    # Ratios 2, 4 and 1 of the rounds, not the ratio of the medians.
    assert found["theirs"].ratio == 2.0
    assert found["theirs"].seconds == 4.0
    assert found["ours"].ratio == 1.0


def test_recall_by_hand():
    # Items score 3, 2, 1 for both users; the first has met the best one.
    pairs = Pairs(
        csr_matrix(np.array([[1.0, 0, 0], [0, 0, 0]], dtype=np.float32)), np.array([1, 2])
    )
    users, items = np.ones((2, 1), np.float32), np.array([[3.0], [2.0], [1.0]], np.float32)
    assert recall_at(pairs, users, items, k=1) == 0.5
    assert recall_at(pairs, users, items, k=3) == 1.0


def test_both_factorisations_learn_what_is_in_the_pairs(tmp_path):
    pairs = make_pairs(800, 300, 20, seed=3)
    save_pairs(pairs, tmp_path)
    recalls = [als.run(name, str(tmp_path), 8, 1)["recall"] for name in ("topshelf", "implicit")]
    popular = np.asarray(pairs.train.sum(axis=0)).T
    by_popularity = recall_at(pairs, np.ones((800, 1), np.float32), popular.astype(np.float32))
    assert min(recalls) > 1.3 * by_popularity
    assert max(recalls) < 1.25 * min(recalls)


def test_lists_of_many_users_fit_into_little_memory():
    arguments = {"users": 20_000, "items": 5_000, "measured_users": 600}
    found = run_task("benchmarks.speed.top_n", arguments, 2000 * MEBIBYTE)
    assert found.answer["rows"] == 600 * 100
    assert found.answer["share"] > 0
