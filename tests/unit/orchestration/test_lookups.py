from datetime import datetime

import duckdb
import pytest

from orchestration.lookups import (
    NothingPublishedError,
    open_snapshot,
    recommended_rows,
    rows_of,
    similar_rows,
)

SNAPSHOT = """
create schema staging;
create table staging.stg_catalog__items as
select * from (values ('i1', 'Lamp'), ('i2', 'Rug')) as items (item_id, title);
create macro recommend(user_key) as table
select * from (values
    (2, 'i3', 0.1, 'als', 'why', 'i2', 7, 'r1', timestamp '2026-01-01'),
    (1, 'i1', 0.9, 'als', 'why', null, null, 'r1', timestamp '2026-01-01')
) as lists (
    recommended_rank, item_id, score, source, reason, evidence_item_id, evidence_count, release_id,
    generated_at
)
where user_key = 'u1';
create macro similar_items(item_key) as table
select
    1 as neighbour_rank,
    'i2' as neighbour_item_id,
    0.5 as score,
    'covisitation' as source,
    3 as support,
    'r1' as release_id,
    timestamp '2026-01-01' as generated_at
where item_key = 'i1';
"""


@pytest.fixture
def connection(tmp_path):
    path = tmp_path / "published.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SNAPSHOT)
    with open_snapshot(path) as connection:
        yield connection


def test_items_come_by_rank_with_their_titles(connection):
    rows = recommended_rows(connection, "u1", 10)
    assert [(row["recommended_rank"], row["title"]) for row in rows] == [(1, "Lamp"), (2, None)]


def test_the_evidence_has_its_title_and_count(connection):
    rows = recommended_rows(connection, "u1", 10)
    assert [(row["evidence_title"], row["evidence_count"]) for row in rows] == [
        (None, None),
        ("Rug", 7),
    ]


def test_a_list_is_cut_where_it_is_asked_to(connection):
    assert [row["item_id"] for row in recommended_rows(connection, "u1", 1)] == ["i1"]


def test_a_key_is_a_value_and_never_a_part_of_the_query(connection):
    assert recommended_rows(connection, "u1' or true --", 10) == []


def test_neighbours_have_titles_too(connection):
    assert [row["title"] for row in similar_rows(connection, "i1", 10)] == ["Rug"]


def test_moments_become_text(connection):
    moment = datetime(2026, 1, 2, 3, 4, 5)
    assert rows_of(connection, "select $moment as moment", {"moment": moment}) == [
        {"moment": "2026-01-02 03:04:05"}
    ]


def test_without_a_snapshot_there_is_nothing_to_open(tmp_path):
    with (
        pytest.raises(NothingPublishedError, match="nothing is published yet"),
        open_snapshot(tmp_path / "published.duckdb"),
    ):
        pass
