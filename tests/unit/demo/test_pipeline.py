"""What the lists of a run were ordered by, from the table of a published file."""

import duckdb
import pytest

from demo.pipeline import order_of


@pytest.fixture
def snapshot(tmp_path):
    """Publish the choice of a run; the judged period had two rankers, and a source nobody had."""
    path = tmp_path / "published.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema ml;
            create table ml.ranker_choices as
            select * replace (cast(ndcg_10 as double) as ndcg_10) from (values
                ('evaluate', 'blend', 0.5, true, 'of another period'),
                ('serve', 'ranker', 0.25, false, 'nDCG@10 0.300 of 90 users, ranker 0.250'),
                ('serve', 'impression_ranker', 0.3, true, 'nDCG@10 0.300 of 90 users, ranker 0.250')
            ) as choices (role, contender, ndcg_10, is_chosen, reason)
            """
        )
    return path


def test_the_order_of_the_served_lists_is_named_with_its_reason(snapshot):
    order = order_of(snapshot)
    assert order.chosen == "impression_ranker"
    assert order.words == (
        "the ranker taught by impressions, nDCG@10 0.300 of 90 users, ranker 0.250"
    )
    assert list(order.contenders.items()) == [("impression_ranker", 0.3), ("ranker", 0.25)]


def test_an_order_that_could_not_be_judged_contends_with_nobody(snapshot):
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute("delete from ml.ranker_choices")
        connection.execute(
            "insert into ml.ranker_choices values ('serve', 'blend', null, true, '3 users')"
        )
    order = order_of(snapshot)
    assert (order.chosen, order.words, order.contenders) == ("blend", "blend, 3 users", {})
