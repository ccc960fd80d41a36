import pytest
import sqlglot
from sqlglot.optimizer.qualify import qualify

from orchestration.plan_digests import query_digest

QUERY = """
with source as (select * from raw.visits),
visits as (select user_id, item_id, seconds / 60 as minutes, shop from source where seconds > 0),
ranked as (
    select
        visits.user_id,
        visits.item_id,
        visits.minutes,
        users.country,
        row_number() over (partition by visits.user_id order by visits.minutes desc) as place
    from visits
    left join users on visits.user_id = users.user_id
)
select user_id, item_id, round(minutes, 2) as minutes, country, place from ranked where place <= 9
"""


def digest(text):
    query = sqlglot.parse_one(text, read="duckdb")
    schema = {"users": {"user_id": "varchar", "country": "varchar", "town": "varchar"}}
    return query_digest(
        qualify(
            query,
            dialect="duckdb",
            schema=schema,
            validate_qualify_columns=False,
            infer_schema=True,
        )
    )


def difference(old, new, query=QUERY):
    """Say which columns are computed otherwise after a change of the text, and whether rows are."""
    assert old in query
    before, after = digest(query), digest(query.replace(old, new))
    names = [*before.columns, *(name for name in after.columns if name not in before.columns)]
    columns = [name for name in names if before.columns.get(name) != after.columns.get(name)]
    return columns, before.rows != after.rows


@pytest.mark.parametrize(
    ("old", "new", "columns", "is_of_rows"),
    [
        # Names, layout and comments.
        ("ranked", "placed", [], False),
        ("select user_id, item_id, round", "select -- whose\n user_id, item_id, round", [], False),
        ("shop from source", "town from source", [], False),
        # One expression, at the end or deep within.
        ("round(minutes, 2)", "round(minutes, 3)", ["minutes"], False),
        ("users.country,", "users.town as country,", ["country"], False),
        # A column more or less.
        ("country, place from ranked", "country, place, 1 as one from ranked", ["one"], False),
        ("minutes, country, place from", "minutes, place from", ["country"], False),
        # What chooses rows, and no column.
        ("place <= 9", "place <= 8", [], True),
        ("seconds > 0", "seconds > 1", [], True),
        ("left join", "inner join", [], True),
        ("on visits.user_id = users.user_id", "on visits.item_id = users.user_id", [], True),
        ("select user_id, item_id, round", "select distinct user_id, item_id, round", [], True),
        # What is filtered by is computed otherwise.
        ("partition by visits.user_id", "partition by visits.item_id", ["place"], True),
        ("seconds / 60", "seconds / 59", ["minutes", "place"], True),
        # Another table.
        ("raw.visits", "raw.views", ["user_id", "item_id", "minutes", "place"], True),
    ],
)
def test_a_change_touches_the_columns_and_rows_that_it_reaches(old, new, columns, is_of_rows):
    assert difference(old, new) == (columns, is_of_rows)


UNION = "select user_id, country from users union all select user_id, town from users"
TWICE = """
select one.country, other.country as another
from users as one inner join users as other on one.user_id < other.user_id
"""
INNER = "select country from users where user_id in (select user_id from raw.visits where day > 1)"
SEVERAL = "select user_id, unnest(string_split(country, ',')) as part from users"


@pytest.mark.parametrize(
    ("query", "old", "new", "columns", "is_of_rows"),
    [
        (UNION, "town", "upper(town)", ["country"], False),
        (UNION, "town from users", "town from users where town > 'a'", [], True),
        (UNION, "union all", "union", [], True),
        (TWICE, "other.country", "one.country", ["another"], False),
        (INNER, "day > 1", "day > 2", [], True),
        (SEVERAL, "','", "';'", ["part"], True),
    ],
)
def test_so_it_is_with_queries_of_several_parts(query, old, new, columns, is_of_rows):
    assert difference(old, new, query) == (columns, is_of_rows)
