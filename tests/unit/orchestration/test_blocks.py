import duckdb
import pandas as pd
import pytest

from orchestration.blocks import blocks_of_users


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table pairs as
            select * from (values
                ('b', 1), ('a', 2), ('c', 3), ('a', 4), ('b', 5), ('b', 6), ('d', 7)
            ) as pairs (user_id, number)
            """
        )
        yield connection


def users(blocks):
    return [sorted(block["user_id"]) for block in blocks]


def test_a_user_is_never_split(connection):
    blocks = blocks_of_users(connection, "from pairs", block_rows=3)
    assert users(blocks) == [["a", "a", "b", "b", "b"], ["c"], ["d"]]


def test_users_with_few_rows_share_a_block(connection):
    blocks = blocks_of_users(connection, "from pairs", block_rows=5)
    assert users(blocks) == [["a", "a", "b", "b", "b"], ["c", "d"]]


def test_every_row_comes_once_whatever_the_size_of_a_block(connection):
    for block_rows in (1, 2, 3, 7, 100):
        rows = pd.concat(blocks_of_users(connection, "from pairs", block_rows=block_rows))
        assert sorted(rows["number"]) == [1, 2, 3, 4, 5, 6, 7]


def test_a_query_may_have_parameters(connection):
    query = "select * from pairs where number > ?"
    assert users(blocks_of_users(connection, query, [5])) == [["b", "d"]]


def test_no_rows_are_no_blocks(connection):
    assert users(blocks_of_users(connection, "from pairs limit 0")) == []
