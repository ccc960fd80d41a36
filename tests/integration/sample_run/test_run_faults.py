"""Runs that are killed at any step, or find the disk full: what was published stays whole."""

import random
import resource
import sqlite3
import subprocess
from contextlib import closing

import pytest

from orchestration.places import Places
from orchestration.settings import PROJECT_ROOT
from tests.integration.killer import RUNNING
from tests.integration.runs import finish, killer, query, step

pytestmark = pytest.mark.integration

FACTORISATION = ["ml/candidates", "ml/factors", "ml/factorisations", "ml/contributions"]
# Killed more than once, at these parts of the time that they took: what writes files that others
# read, and what writes the warehouse from dbt and from Python.
KILLED_OFTEN = {
    "feature_models": [0.2],
    "factorisation": [0.1],
    "serving_models": [0.2],
    "feature_store__online": [0.2],
    "published__snapshot": [0.0, 0.1, 0.2, 0.3],
    "published__release": [0.0, 0.1, 0.2, 0.3],
    "published__promotion": [0.0, 0.1],
}
# Later than this part of its time, a step that has less to do than before may have ended.
LATEST = 0.35
LISTS = "select * exclude (release_id) from serving.rec_user_top_items order by all"
FRAME = "select count(*), sum(hash(rnk_frame)) from ranking.rnk_frame"
TOO_LARGE = "File too large"


def online_rows(places: Places) -> list[str]:
    """Read all that the online store holds, as SQL that would write it."""
    with closing(sqlite3.connect(places.online_store)) as connection:
        return list(connection.iterdump())


@pytest.mark.usefixtures("summary")
@pytest.mark.parametrize(
    ("keys", "most_bytes", "words"),
    [
        # More than dbt itself keeps of the project, and far less than the rows of the model, which
        # no free blocks of the file can hold.
        (["ranking/rnk_frame"], 4_000_000, ("warehouse.duckdb", TOO_LARGE)),
        (FACTORISATION, 600_000, ("warehouse.duckdb", TOO_LARGE)),
        # SQLite names no file.
        (["feature_store/online"], 60_000, ("disk I/O error",)),
        (["published/snapshot"], 600_000, ("published.duckdb", TOO_LARGE)),
        (["published/release"], 60_000, ("releases/", TOO_LARGE)),
    ],
)
def test_a_disk_that_is_full_fails_the_step_and_leaves_what_was_there(
    keys, most_bytes, words, places, environment
):
    lists = query(places.snapshot, LISTS)
    frame = query(places.warehouse, FRAME)
    online = online_rows(places)
    candidates = query(places.warehouse, "from ml.candidates order by all")
    releases = sorted(places.releases.rglob("*"))
    finished = subprocess.run(
        step("topshelf", *keys),
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        # No file may grow beyond this, as on a disk with no room; Python ignores the signal.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
    )
    assert finished.returncode == 1
    assert all(word in finished.stdout for word in words), finished.stdout
    assert query(places.snapshot, LISTS) == lists
    assert query(places.warehouse, FRAME) == frame
    assert online_rows(places) == online
    assert query(places.warehouse, "from ml.candidates order by all") == candidates
    assert sorted(places.releases.rglob("*")) == releases


def test_kills_at_any_step_leave_the_snapshot_and_the_next_run_gives_the_same_lists(
    summary, places, environment
):
    before = query(places.snapshot, LISTS)
    seed = random.SystemRandom().randrange(1000)
    chance = random.Random(seed)
    took = summary["step_seconds"]
    with killer("topshelf", environment) as (steps, kill):
        kills = [(name, chance.uniform(0, LATEST)) for name in steps if name in took]
        kills += [(name, part) for name, parts in KILLED_OFTEN.items() for part in parts]
        chance.shuffle(kills)
        met = []
        for name, part in kills:
            met.append(kill(name, part * took[name]))
            assert query(places.snapshot, LISTS) == before, (name, part, seed)
    # On a machine that is busier at one time than at another, a few may have ended before.
    assert met.count(RUNNING) > 0.8 * len(kills), (met, seed)
    finish(environment)
    assert query(places.snapshot, LISTS) == before
    assert not list(places.home.rglob("*.unfinished*"))
