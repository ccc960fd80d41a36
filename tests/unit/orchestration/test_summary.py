import duckdb

from orchestration.summary import chosen_orders


def test_the_order_of_the_test_and_that_of_the_served_lists_are_told_by_role():
    with duckdb.connect() as connection:
        connection.execute("create schema ml")
        connection.execute(
            """
            create table ml.ranker_choices as
            from (values
                ('evaluate', 'blend', true, 'too few users'),
                ('evaluate', 'als', false, 'too few users'),
                ('serve', 'impression_ranker', true, 'it won')
            ) as choices(role, contender, is_chosen, reason)
            """
        )
        assert chosen_orders(connection) == {
            "evaluate": "blend: too few users",
            "serve": "ranker taught by impressions: it won",
        }
