import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from orchestration.releases.on_disk import note_builds
from orchestration.releases.writing import (
    ArrayWriter,
    free_release_id,
    remove_release,
    writing_release,
)
from orchestration.settings import PROJECT_ROOT
from serving.bundle import Bundle

# Writes one release after the other until it is killed.
ENDLESS = """
import sys
from pathlib import Path
from orchestration.releases.writing import writing_release
from tests.unit.serving.small_release import ITEMS, TOLD, USERS, fill
print("begins", flush=True)
for number in range(10_000):
    name = f"{sys.argv[2]}-{number}"
    with writing_release(Path(sys.argv[1]), name) as writer:
        fill(writer, USERS, ITEMS)
        writer.finish({**TOLD, "release_id": name})
"""


def test_a_writer_that_is_killed_leaves_whole_releases_alone(tmp_path):
    random = np.random.default_rng(1)
    for round_number in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", ENDLESS, str(tmp_path), f"k{round_number}"],
            cwd=PROJECT_ROOT,
            stdout=subprocess.PIPE,
        )
        process.stdout.readline()
        time.sleep(0.1 + float(random.random()) * 0.6)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        names = [path.name for path in tmp_path.iterdir() if path.is_dir() and path.name[0] != "."]
        for name in names:
            assert Bundle.open(tmp_path / name, trust_record=False).release_id == name
    with writing_release(tmp_path, "last") as writer:
        finish(writer)
    assert not list(tmp_path.glob("*.unfinished"))
    assert names


def finish(writer):
    from tests.unit.serving.small_release import ITEMS, TOLD, USERS, fill

    fill(writer, USERS, ITEMS)
    writer.finish({**TOLD, "release_id": "r1"})


def test_nothing_is_left_of_a_release_whose_writer_fails(tmp_path):
    with pytest.raises(RuntimeError, match="no more"), writing_release(tmp_path, "r1"):
        raise RuntimeError("no more")
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_was_not_finished_is_none(tmp_path):
    with pytest.raises(ValueError, match="r1 was not finished"), writing_release(tmp_path, "r1"):
        pass
    with (
        pytest.raises(ValueError, match="a release needs the arrays"),
        writing_release(tmp_path, "r1") as writer,
    ):
        writer.finish({})
    assert list(tmp_path.iterdir()) == []


def test_a_release_never_changes(tmp_path):
    with writing_release(tmp_path, "r1") as writer:
        finish(writer)
    with pytest.raises(FileExistsError, match="never changes"), writing_release(tmp_path, "r1"):
        pass
    assert free_release_id(tmp_path, "r1") == "r1-2"
    assert free_release_id(tmp_path, "r2") == "r2"


def test_the_name_of_a_release_that_was_removed_is_not_given_again(tmp_path):
    with writing_release(tmp_path, "r1") as writer:
        finish(writer)
    note_builds(tmp_path, "run 1")
    remove_release(tmp_path / "r1")
    assert free_release_id(tmp_path, "r1") == "r1-2"


def test_a_removed_release_is_read_on_by_who_has_it_open(tmp_path):
    with writing_release(tmp_path, "r1") as writer:
        finish(writer)
    bundle = Bundle.open(tmp_path / "r1")
    remove_release(tmp_path / "r1")
    assert list(tmp_path.iterdir()) == []
    assert bundle.item_ids[bundle.personal(0).items[0]] == "oak chair"


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([[1, 2]], "3 rows announced, 2 came"),
        ([[1, 2], [3, 4]], "3 rows announced, 4 came"),
        ([[1, 2, 2**31]], "1 to 2147483648 does not fit int32"),
        ([[[1], [2], [3]]], r"rows are \(\), got \(1,\)"),
    ],
)
def test_rows_that_were_not_announced_are_refused(blocks, message, tmp_path):
    writer = ArrayWriter(tmp_path / "a.npy", "i4", (3,))

    def write():
        for block in blocks:
            writer.append(np.array(block))
        writer.close()

    with pytest.raises(ValueError, match=message):
        write()


def test_blocks_make_the_array_that_numpy_reads(tmp_path):
    writer = ArrayWriter(tmp_path / "a.npy", "f4", (3, 2))
    writer.append(np.array([[1, 2]]))
    writer.append(np.empty((0, 2)))
    writer.append(np.array([[3, 4], [5, np.nan]]))
    writer.close()
    read = np.load(tmp_path / "a.npy", allow_pickle=False)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, [[1, 2], [3, 4], [5, np.nan]])
