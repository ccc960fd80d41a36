"""The quick search of co-visitation settings makes the lists that dbt makes."""

from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml
from scipy.sparse import csr_matrix

from benchmarks.quality.fixed_split import plant
from benchmarks.quality.neighbours import covisited, mean_ndcg, read_pairs, search_neighbours
from orchestration.mapping import load_mapping
from orchestration.reviewed import load_reviewed

pytestmark = pytest.mark.integration
K = 10
VALUES = {
    "covisitation_length_power": 1.5,
    "covisitation_item_power": 0.4,
    "covisitation_neighbour_power": 0.3,
    "covisitation_minimum_support": 2,
    "neighbours_per_item": 15,
}


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "split"
    folder.mkdir()
    random = np.random.default_rng(3)
    chances = 1 / (1 + np.arange(60))
    # Every tenth user has more than the window of a log with times holds.
    rows = [
        (f"u{user}", f"i{item}", "test" if place < 2 else "train")
        for user in range(80)
        for place, item in enumerate(
            random.choice(
                60, size=14 if user % 10 else 45, replace=False, p=chances / chances.sum()
            )
        )
    ]
    with duckdb.connect() as connection:
        connection.execute("create table pairs (user_id varchar, item_id varchar, split varchar)")
        connection.executemany("insert into pairs values (?, ?, ?)", rows)
        connection.execute(f"copy pairs to '{folder}/events.parquet'")
    return plant(folder, tmp_path_factory.mktemp("home")).validation


def test_the_lists_are_those_of_dbt(log, dbt_build, tmp_path):
    """No settings file was given: the windows are those that a split without times gets."""
    mapping = yaml.safe_load(Path(log.mapping).read_text())["mapping"]
    planted = load_reviewed(load_mapping(log.mapping, log.project_root), log.project_root)
    warehouse = dbt_build(
        mapping,
        tmp_path,
        "build",
        "--select",
        "+cnd_user_covisited",
        "--resource-type",
        "seed",
        "--resource-type",
        "model",
        **{**planted.sql, **VALUES, "covisited_per_user": K},
    )
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """
            select user_id, item_id
            from candidates.cnd_user_covisited as covisited
            anti join intermediate.int_user_items as owned using (cutoff_at, user_id, item_id)
            where cutoff_at = timestamp '2000-01-02'
            qualify row_number() over (partition by user_id order by candidate_rank) <= 10
            order by user_id, candidate_rank
            """
        ).fetchall()
    pairs = read_pairs(log)
    users = np.flatnonzero(np.diff(pairs.held_out.indptr))
    lists = covisited(pairs.known, users, K, VALUES)
    ours = [
        (pairs.user_ids[user], pairs.item_ids[item])
        for user, items in zip(users, lists, strict=True)
        for item in items
        if item >= 0
    ]
    assert len(rows) == 10 * users.size > 300
    assert ours == rows


def test_the_search_begins_with_the_present_settings_and_finds_no_worse(log):
    trials = search_neighbours(log, K, 6, VALUES)
    assert trials.iloc[0].drop("ndcg_10").to_dict() == VALUES
    assert len(trials) == 6
    pairs = read_pairs(log)
    users = np.flatnonzero(np.diff(pairs.held_out.indptr))
    lists = covisited(pairs.known, users, K, VALUES)
    assert trials["ndcg_10"].iloc[0] == mean_ndcg(lists, users, pairs.held_out)


def test_the_mean_ndcg_by_hand():
    held_out = csr_matrix(np.array([[1, 0, 0], [1, 1, 0]]))
    lists = np.array([[2, 0], [1, 2]])
    # The first user: item 0 at place 2 of one relevant; the second: item 1 at place 1 of two.
    first, second = 1 / np.log2(3), 1 / (1 + 1 / np.log2(3))
    assert mean_ndcg(lists, np.array([0, 1]), held_out) == pytest.approx((first + second) / 2)
