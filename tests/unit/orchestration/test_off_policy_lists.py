import duckdb
import pandas as pd
import pytest

from orchestration.assets.off_policy import _values
from orchestration.off_policy_lists import read_lists

# At the cutoff a was met by most, b lately, c long ago; u has met a.
WAREHOUSE = """
create schema candidates;
create schema training;
create schema ml;
create schema serving;
create table candidates.cnd_popular_items as
    select * from (values
        ('a', 'all', 2, 9, 3, timestamp '2024-01-01'),
        ('b', 'all', 1, 5, 5, timestamp '2024-01-01'),
        ('c', 'all', 3, 4, 0, timestamp '2024-01-01'),
        ('c', 'DE', 1, 4, 0, timestamp '2024-01-01'),
        ('c', 'all', 1, 99, 9, timestamp '2024-02-01')
    ) as popular (item_id, segment, popularity_rank, user_count, user_count_28d, cutoff_at);
create table training.trn_user_item_weights as
    select * from (values
        ('u', 'a', 1.0, timestamp '2024-01-01'), ('v', 'b', 1.0, timestamp '2024-01-01')
    ) as pairs (user_id, item_id, weight, cutoff_at);
create table ml.factors as
    select * from (values
        (timestamp '2024-01-01', 'user', 'u', [1.0]), (timestamp '2024-01-01', 'user', 'v', [1.0]),
        (timestamp '2024-01-01', 'item', 'a', [0.9]), (timestamp '2024-01-01', 'item', 'b', [0.5])
    ) as factors (cutoff_at, entity, entity_id, factors);
"""
SERVED = """
create table serving.rec_user_top_items as
    select 'u' as user_id, 'c' as item_id, 1 as recommended_rank,
        timestamp '2024-01-05' as generated_at
"""


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        connection.execute(WAREHOUSE)
        yield connection


@pytest.fixture
def rows():
    """Two lists of two items, shown after the cutoff, without propensities."""
    return pd.DataFrame(
        {
            "request_id": ["r1", "r1", "r2", "r2"],
            "user_id": ["u", "u", "stranger", "stranger"],
            "item_id": ["a", "b", "b", "x"],
            "shown_rank": [1, 2, 1, 2],
            "propensity_kind": "conditional",
            "propensity": [None, None, None, None],
            "is_clicked": [True, False, False, False],
            "cutoff_at": pd.to_datetime(["2024-01-01"] * 4),
            "shown_at": pd.to_datetime(["2024-01-03"] * 4),
        }
    )


def test_popular_lists_are_those_of_the_cutoff_as_long_as_the_shown_ones(warehouse, rows):
    lists = read_lists(warehouse, rows, repeats=False)
    assert lists.popular["most_popular"].tolist() == ["a", "b"]
    assert lists.popular["decayed_popular"].tolist() == ["b", "a"]
    # What nobody met in four weeks is not offered at random.
    assert lists.known.tolist() == ["b", "a"]
    assert lists.item_ids(rows["item_id"]).tolist() == ["a", "b", "x"]


@pytest.mark.parametrize(("repeats", "first"), [(False, "b"), (True, "a")])
def test_personal_lists_hold_what_was_seen_only_where_repeats_are_asked_for(
    warehouse, rows, repeats, first
):
    personal = read_lists(warehouse, rows, repeats=repeats).personal["personal"]
    assert set(personal["user_id"]) == {"u"}
    assert personal.loc[personal["rank"] == 1, "item_id"].tolist() == [first]


def test_served_lists_are_those_of_the_run_before_if_there_was_one(warehouse, rows):
    assert read_lists(warehouse, rows, repeats=False).personal["live"].empty
    warehouse.execute(SERVED)
    live = read_lists(warehouse, rows, repeats=False).personal["live"]
    assert live[["user_id", "item_id", "rank"]].to_numpy().tolist() == [["u", "c", 1]]
    assert live["since"].tolist() == [pd.Timestamp("2024-01-05")]


def test_without_learned_vectors_nobody_has_a_personal_list(warehouse, rows):
    warehouse.execute("delete from ml.factors")
    assert read_lists(warehouse, rows, repeats=False).personal["personal"].empty


def test_a_log_without_propensities_is_answered_with_reasons(warehouse, rows):
    values = _values(rows, read_lists(warehouse, rows, repeats=False), "is_clicked")
    assert set(values["policy"]) == {
        "most_popular",
        "decayed_popular",
        "personal",
        "live",
        "uniform",
    }
    assert values["refusal"].str.startswith("100.0% of the impressions have no propensity").all()


def test_a_log_without_impressions_has_no_values(warehouse, rows):
    empty = rows.iloc[:0]
    assert _values(empty, read_lists(warehouse, empty, repeats=False), "is_clicked").empty
