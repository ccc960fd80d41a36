from datetime import datetime

import duckdb
import numpy as np
import pandas as pd
import pytest

from ml.ranker_choice import RANKER, SIMPLE_ORDERS
from ml.ranker_params import RankerParams
from orchestration.ranker_choice import Choice, choose_for_serving, choose_for_test
from orchestration.ranker_teaching import Teaching

MOMENTS = {
    "train": [datetime(2024, 1, 1), datetime(2024, 1, 15)],
    "evaluate": [datetime(2024, 1, 29)],
}
ITEMS = 40
USERS = 100


def frame(moment, role, seed):
    """Candidates whose outcome follows `hint`, and als_score not at all."""
    random = np.random.default_rng(seed)
    size = USERS * ITEMS
    hint = random.normal(size=size)
    columns = {column: np.full(size, np.nan) for column in SIMPLE_ORDERS.values()}
    columns |= {"als_score": random.normal(size=size), "popular_score": random.random(size)}
    return pd.DataFrame(
        {
            "cutoff_at": moment,
            "role": role,
            "user_id": np.repeat([f"u{n:03d}" for n in range(USERS)], ITEMS),
            "item_id": np.tile([f"i{n:02d}" for n in range(ITEMS)], USERS),
            "hint": hint,
            "is_seen": False,
            "is_relevant": hint > 1.6,
            **columns,
        }
    )


@pytest.fixture(scope="module")
def rows():
    return pd.concat(
        [
            frame(moment, role, seed)
            for role, moments in MOMENTS.items()
            for seed, moment in enumerate(moments, start=len(role))
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="module")
def connection(rows):
    with duckdb.connect() as connection:
        for schema in ("ranking", "training", "intermediate"):
            connection.execute(f"create schema {schema}")
        connection.register("rows", rows)
        connection.execute("create table ranking.rnk_frame as select * exclude (role) from rows")
        connection.execute(
            "create table intermediate.int_cutoffs as select distinct cutoff_at, role from rows"
        )
        connection.execute(
            "create table training.trn_ranking_moments as"
            " select distinct cutoff_at, user_id from rows"
        )
        connection.execute(
            "create table training.trn_holdout as"
            " select cutoff_at, user_id, item_id, true as is_new from rows where is_relevant"
        )
        yield connection


def teaching(*features):
    return Teaching(RankerParams(), [*features], (), 1)


def past_of(rows, moments):
    return rows[rows["cutoff_at"].isin(moments)].assign(sample_weight=1.0)


def test_a_ranker_that_knows_more_than_its_sources_is_chosen(connection, rows):
    choice = choose_for_test(
        connection, past_of(rows, MOMENTS["train"]), teaching("hint", "als_score"), repeats=True
    )
    assert choice.chosen == RANKER
    best = choice.judged.iloc[0]
    assert best["ndcg_10"] > 0.9
    assert best["user_count"] == USERS - _users_without_outcome(rows, MOMENTS["train"][1])


def test_a_ranker_that_learned_chance_loses_to_the_source_that_does_better(connection, rows):
    told = rows.assign(als_score=rows["hint"])
    connection.register("told", told)
    connection.execute(
        "create or replace table ranking.rnk_frame as select * exclude (role) from told"
    )
    try:
        choice = choose_for_test(
            connection, past_of(told, MOMENTS["train"]), teaching("popular_score"), repeats=True
        )
    finally:
        connection.execute(
            "create or replace table ranking.rnk_frame as select * exclude (role) from rows"
        )
    assert choice.chosen == "als"
    assert choice.column == "als_score"
    ranker = choice.judged.set_index("contender").loc["als"]
    assert ranker["upper"] < 0


def test_with_one_earlier_period_a_part_of_its_users_judges(connection, rows):
    (moment,) = MOMENTS["train"][1:]
    choice = choose_for_test(connection, past_of(rows, [moment]), teaching("hint"), repeats=True)
    assert choice.chosen == RANKER
    assert 30 <= choice.judged["user_count"].max() < USERS


def test_the_test_period_says_what_is_served(connection, rows):
    ranker = teaching("hint").fit(past_of(rows, MOMENTS["train"]))
    choice = choose_for_serving(connection, {RANKER: ranker}, 1, repeats=False)
    assert choice.chosen == RANKER
    assert choice.judged["user_count"].max() == USERS - _users_without_outcome(
        rows, MOMENTS["evaluate"][0]
    )


def test_without_anything_learned_the_blend_is_chosen_and_said_to_be_unjudged(connection, rows):
    nothing = past_of(rows, [])
    table = choose_for_test(connection, nothing, teaching("hint"), repeats=True).table()
    assert table[["contender", "user_count", "is_chosen"]].values.tolist() == [["blend", 0, True]]


def test_a_table_names_the_chosen_one_once():
    judged = pd.DataFrame(
        {
            "contender": ["als", RANKER],
            "ndcg_10": [0.3, 0.2],
            "user_count": [50, 50],
            "lead": [-0.1, None],
            "lower": [-0.2, None],
            "upper": [-0.05, None],
        }
    )
    table = Choice("als", "better", judged).table()
    assert table["is_chosen"].tolist() == [True, False]
    assert set(table["reason"]) == {"better"}


def _users_without_outcome(rows, moment):
    found = rows[(rows["cutoff_at"] == moment) & rows["is_relevant"]]["user_id"].nunique()
    return USERS - found
