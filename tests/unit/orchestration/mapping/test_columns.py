from pathlib import Path

import pytest

from tests.unit.orchestration.mapping.checked import EVENT, message, one_problem, report


def test_one_column_may_have_two_meanings(write, shop, project):
    shop["events"]["columns"]["session_id"] = "user"
    assert report(write(shop), project).row_counts == {"events": 6}


def test_names_of_columns_match_in_any_case(write, shop, project):
    shop["events"]["columns"]["user_id"] = "USER"
    assert report(write(shop), project).row_counts == {"events": 6}


def test_missing_columns_get_the_nearest_real_name(write, shop, project):
    shop["events"]["columns"]["user_id"] = "usr"
    shop["events"]["columns"]["session_id"] = "cookie"
    shop["items"] = {
        "relation": "log/events.csv",
        "columns": {"item_id": "items"},
        "attributes": ["quantity", "QUANTITIES"],
    }
    file = write(shop)
    assert message(file, project) == (
        f"4 problems in the mapping {file}:\n"
        "- events.columns.user_id: 'usr' is no column of log/events.csv; did you mean 'user'?\n"
        "- events.columns.session_id: 'cookie' is no column of log/events.csv; "
        "it has user, item, type, at, quantity\n"
        "- items.columns.item_id: 'items' is no column of log/events.csv; did you mean 'item'?\n"
        "- items.attributes.1: 'QUANTITIES' is no column of log/events.csv; "
        "did you mean 'quantity'?"
    )


@pytest.mark.parametrize(
    ("name", "source_name", "value", "problem"),
    [
        (
            "item_id",
            "item",
            "['tea', 'cup']",
            "has the type VARCHAR[] but must be one value a row; "
            "map a column that is no list or structure, or unnest it in a view",
        ),
        (
            "user_id",
            "user",
            "{'id': 1}",
            "has the type STRUCT(id INTEGER) but must be one value a row; "
            "map a column that is no list or structure, or unnest it in a view",
        ),
        (
            "occurred_at",
            "at",
            "true",
            "has the type BOOLEAN but must be a time: a timestamp, a date, ISO 8601 text, or "
            "seconds or milliseconds since 1970; map the column of times",
        ),
        (
            "occurred_at",
            "at",
            "[timestamp '2024-01-01']",
            "has the type TIMESTAMP[] but must be a time: a timestamp, a date, ISO 8601 text, or "
            "seconds or milliseconds since 1970; map the column of times",
        ),
        (
            "value",
            "quantity",
            "timestamp '2024-01-01'",
            "has the type TIMESTAMP but must be a number; "
            "map a column of numbers, or leave the key out",
        ),
    ],
)
def test_a_column_of_the_wrong_type_is_refused(
    write, shop, project, save, name, source_name, value, problem
):
    save(f'select * replace ({value} as "{source_name}") from (select {EVENT})', "log/e.parquet")
    shop["events"]["relation"] = "log/e.parquet"
    file = write(shop)
    assert message(file, project) == one_problem(
        file, f"events.columns.{name}: {source_name!r} {problem}"
    )


@pytest.mark.parametrize(
    "moment",
    [
        "date '2024-01-01'",
        "timestamptz '2024-01-01 00:00:00+00'",
        "timestamp_ns '2024-01-01 00:00:00.123456789'",
        "1704067200",
        "1704067200.5::double",
        "1704067200000",
        "1704067200000000",
        "'2024-01-01T10:00:00Z'",
        "'2024-01-01 10:00:00+02:00'",
        "'2024-01-01'",
    ],
)
def test_times_may_be_written_in_many_ways(write, shop, project, save, moment):
    save(f'select * replace ({moment} as "at") from (select {EVENT})', "log/e.parquet")
    shop["events"]["relation"] = "log/e.parquet"
    shop["as_of"] = "2024-01-02 00:00:00"
    assert report(write(shop), project).warnings == ()


def with_times(project: Path, *times: str) -> None:
    """Write a log of one purchase at each of `times`, as they are."""
    rows = "".join(f"ann,tea,purchase,{time},1\n" for time in times)
    (project / "log" / "events.csv").write_text(f"user,item,type,at,quantity\n{rows}")


def test_up_to_half_of_the_times_may_be_broken(write, shop, project):
    with_times(project, "2024-01-01", "yesterday")
    assert report(write(shop), project).warnings == (
        "events.columns.occurred_at: 1 of 2 values cannot be used, such as 'yesterday'",
    )


def test_with_more_than_half_of_the_times_broken_it_is_the_wrong_column(write, shop, project):
    with_times(project, "2024-01-01", "yesterday", "soon")
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.occurred_at: 'at' must be a time: a timestamp, a date, ISO 8601 text, or "
        "seconds or milliseconds since 1970, but 2 of 3 values are not, such as 'soon'; "
        "map the column of times",
    )


def test_numbers_may_be_text_as_long_as_most_are_numbers(write, shop, project):
    shop["events"]["columns"]["value"] = "type"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.value: 'type' must be a number, but 6 of 6 values are not, "
        "such as 'Purchase'; map a column of numbers, or leave the key out",
    )


def test_a_required_column_must_have_a_value_somewhere(write, shop, project, save):
    save(f"select * replace (' ' as user) from (select {EVENT})", "log/e.parquet")
    shop["events"]["relation"] = "log/e.parquet"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.user_id: 'user' is empty in every row; map a column with values",
    )


def test_ranks_start_at_one(write, shop, project, save):
    save(
        "select 'r' as r, 'ann' as u, 'tea' as i, unnest([0, 1, 2]) as place, 'home' as page, "
        "now() as at",
        "log/s.parquet",
    )
    columns = {"request_id": "r", "user_id": "u", "item_id": "i", "rank": "place"}
    shop["impressions"] = {
        "relation": "log/s.parquet",
        "columns": {**columns, "surface": "page", "shown_at": "at"},
    }
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "impressions.columns.rank: 'place' must be a whole number that starts at 1, but 1 of 3 "
        "values are not, such as '0'; map the column of ranks; add 1 in a view if yours start at 0",
    )


def test_availability_must_be_true_or_false(write, shop, project):
    (project / "log" / "items.csv").write_text("id,stock\ntea,yes\ncup,sold out\n")
    shop["items"] = {
        "relation": "log/items.csv",
        "columns": {"item_id": "id", "available": "stock"},
    }
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "items.columns.available: 'stock' must be true or false (or yes and no, 1 and 0), but "
        "1 of 2 values are not, such as 'sold out'; map such a column, or leave the key out",
    )


def test_ids_that_end_in_point_zero_are_warned_of(write, shop, project, save):
    save(f"select * replace (17850.0::double as user) from (select {EVENT})", "log/e.parquet")
    shop["events"]["relation"] = "log/e.parquet"
    assert report(write(shop), project).warnings == (
        "events.columns.user_id: 'user' has the type DOUBLE, so that its ids end in .0; "
        "cast it to an integer in a view if other tables have whole numbers",
    )
