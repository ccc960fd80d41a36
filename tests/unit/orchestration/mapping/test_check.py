from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.mapping import (
    MappingError,
    MappingReport,
    check_mapping,
    load_mapping,
    needs_warehouse,
)


def report(file: Path, project: Path, connection=None) -> MappingReport:
    """Check a mapping that is right."""
    return check_mapping(load_mapping(str(file), project), connection or duckdb.connect(), project)


def message(file: Path, project: Path, connection=None) -> str:
    """Check a mapping that is wrong; return the message."""
    with pytest.raises(MappingError) as error:
        report(file, project, connection)
    return str(error.value)


def one_problem(file: Path, problem: str) -> str:
    """Return the message of a mapping with one problem."""
    return f"1 problem in the mapping {file}:\n- {problem}"


def test_a_log_as_promised_is_counted(write, shop, project):
    assert report(write(shop), project) == MappingReport(
        row_counts={"events": 6}, event_types={"view": 4, "purchase": 2}, warnings=()
    )


def test_all_parts_are_counted(write, shop, project, save):
    save(
        "select 'tea' as id, 1.5 as cost, ['hot', 'wet'] as groups, true as there", "log/i.parquet"
    )
    save("select unnest(['ann', 'bob']) as id, 'F' as sex", "log/u.parquet")
    save(
        "select 'r1' as request, 'ann' as id, 'tea' as item, unnest([1, 2]) as place, "
        "'home' as page, timestamptz '2024-01-01 10:00:00+02' as at",
        "log/s.parquet",
    )
    shop["items"] = {
        "relation": "log/i.parquet",
        "columns": {"item_id": "id", "price": "cost", "category": "groups", "available": "there"},
    }
    shop["users"] = {
        "relation": "log/u.parquet",
        "columns": {"user_id": "id"},
        "attributes": ["sex"],
        "sensitive": ["sex"],
        "allowed_sensitive": ["sex"],
    }
    columns = {"request_id": "request", "user_id": "id", "item_id": "item", "rank": "place"}
    shop["impressions"] = {
        "relation": "log/s.parquet",
        "columns": {**columns, "surface": "page", "shown_at": "at"},
    }
    found = report(write(shop), project)
    assert found.row_counts == {"events": 6, "items": 1, "users": 2, "impressions": 2}
    assert found.warnings == ()


def test_a_log_without_rows_passes_with_a_warning(write, shop, project):
    (project / "log" / "events.csv").write_text("user,item,type,at,quantity\n")
    found = report(write(shop), project)
    assert found.is_empty
    assert found.row_counts == {"events": 0}
    assert found.event_types == {}
    assert found.warnings == ("events.relation: 'log/events.csv' has no rows",)


def test_one_column_may_have_two_meanings(write, shop, project):
    shop["events"]["columns"]["session_id"] = "user"
    assert report(write(shop), project).row_counts == {"events": 6}


def test_names_of_columns_match_in_any_case(write, shop, project):
    shop["events"]["columns"]["user_id"] = "USER"
    assert report(write(shop), project).row_counts == {"events": 6}


def test_a_pattern_that_matches_nothing_gets_the_nearest_file(write, shop, project):
    shop["events"]["relation"] = "log/event.csv"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        f"events.relation: 'log/event.csv' matches no file (it starts at {project}); "
        "did you mean 'log/events.csv'?",
    )


def test_an_absolute_pattern_is_not_said_to_start_anywhere(write, shop, project, tmp_path):
    shop["events"]["relation"] = f"{tmp_path}/elsewhere/*.parquet"
    file = write(shop)
    assert message(file, project) == one_problem(
        file, f"events.relation: '{tmp_path}/elsewhere/*.parquet' matches no file; correct it"
    )


def test_a_path_of_another_kind_of_file_is_refused(write, shop, project):
    shop["events"]["relation"] = "log/events.xlsx"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.relation: 'log/events.xlsx' is neither a table nor a pattern of files, which ends "
        "in .parquet, .csv, .tsv, .json, .jsonl or .ndjson; "
        "correct the ending or load it into the warehouse",
    )


def test_a_table_of_the_warehouse_is_read_there(write, shop, project, tmp_path):
    path = str(tmp_path / "warehouse.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("create schema raw")
        connection.execute(f"create table raw.events as from read_csv('{project}/log/events.csv')")
    shop["events"]["relation"] = "raw.events"
    file = write(shop)
    assert needs_warehouse(load_mapping(str(file), project), project)
    with duckdb.connect(path, read_only=True) as connection:
        assert report(file, project, connection).row_counts == {"events": 6}
        shop["events"]["relation"] = "raw.event"
        file = write(shop)
        assert message(file, project, connection) == one_problem(
            file,
            "events.relation: 'raw.event' is no table or view of the warehouse; "
            "did you mean 'raw.events'?",
        )


def test_files_need_no_warehouse(write, shop, project):
    assert not needs_warehouse(load_mapping(str(write(shop)), project), project)


def test_a_table_that_resembles_nothing_gets_advice(write, shop, project):
    shop["events"]["relation"] = "raw.events"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.relation: 'raw.events' is no table or view of the warehouse; "
        "load it there or name a pattern of files",
    )


def test_a_broken_file_among_good_ones_is_named(write, shop, project, save):
    save("select 'ann' as user, 'tea' as item, 'view' as type, now() as at", "log/good.parquet")
    (project / "log" / "bad.parquet").write_text("PAR1 and then nothing of the kind PAR1")
    del shop["events"]["columns"]["value"]
    shop["events"]["relation"] = "log/*.parquet"
    file = write(shop)
    text = message(file, project)
    assert text.startswith(
        one_problem(
            file,
            "events.relation: 'log/*.parquet' holds a file that cannot be read, "
            f"{project}/log/bad.parquet: ",
        )
    )
    assert text.endswith("; repair the file or take it out")
    assert "good.parquet" not in text


def test_a_file_that_breaks_further_down_is_named(write, shop, project):
    row = '{"user": "ann", "item": "tea", "type": "purchase", "at": "2024-01-01", "quantity": 1}\n'
    (project / "log" / "good.jsonl").write_text(row)
    (project / "log" / "torn.jsonl").write_text(row * 30_000 + row[:40])
    shop["events"]["relation"] = "log/*.jsonl"
    file = write(shop)
    text = message(file, project)
    assert text.startswith(
        one_problem(
            file,
            "events.relation: 'log/*.jsonl' holds a file that cannot be read, "
            f"{project}/log/torn.jsonl: Malformed JSON in file",
        )
    )
    assert text.count("\n") == 1


def test_a_file_without_a_column_of_the_others_is_named(write, shop, project):
    renamed = "client,item,type,at,quantity\ncat,tea,view,2024-01-04,\n"
    (project / "log" / "later.csv").write_text(renamed)
    (project / "log" / "empty.csv").write_text("")
    shop["events"]["relation"] = "log/*.csv"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        f"events.relation: 'log/*.csv' holds a file without 'user', {project}/log/later.csv; "
        "give the file the columns of the others or take it out",
    )


def test_files_that_disagree_are_refused_together(write, shop, project, save):
    event = "select 'ann' as user, 'tea' as item, 'purchase' as type"
    save(f"{event}, date '2024-01-01' as at", "log/a.parquet")
    save(f"{event}, 20240101 as at", "log/b.parquet")
    del shop["events"]["columns"]["value"]
    shop["events"]["relation"] = "log/*.parquet"
    file = write(shop)
    text = message(file, project)
    assert text.startswith(one_problem(file, "events.relation: 'log/*.parquet' cannot be read: "))
    assert text.endswith("; make the files alike")


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


EVENT = (
    "'ann' as user, 'tea' as item, 'purchase' as type, timestamp '2024-01-01' as at, 1 as quantity"
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


@pytest.mark.parametrize(
    ("as_of", "passes"), [("2024-01-01 10:00:00", False), ("2024-01-01 10:00:01", True)]
)
def test_now_lies_after_the_first_event(write, shop, project, as_of, passes):
    shop["as_of"] = as_of
    file = write(shop)
    if passes:
        assert report(file, project).row_counts == {"events": 6}
        return
    first = datetime(2024, 1, 1, 10)
    assert message(file, project) == one_problem(
        file,
        f"as_of: '{as_of}' is not after the first event, at {first}; "
        "correct it, or the column of times",
    )


@pytest.mark.parametrize("kind", ["text", "timestamp"])
def test_the_first_event_is_compared_in_utc(write, shop, project, save, kind):
    # 10:00 in New York is 15:00 in UTC.
    at = "'2024-01-01 10:00:00'" if kind == "text" else "timestamp '2024-01-01 10:00:00'"
    save(f'select * replace ({at} as "at") from (select {EVENT})', "log/e.parquet")
    shop["events"]["relation"] = "log/e.parquet"
    shop["events"]["time_zone"] = "America/New_York"
    shop["as_of"] = "2024-01-01 14:00:00"
    assert "is not after the first event, at 2024-01-01 15:00:00;" in message(write(shop), project)


def test_a_mapping_without_rows_in_the_seed_gets_them_to_paste(write, shop, project):
    shop["name"] = "shop2"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "name: 'shop2' has no rows in seeds/event_types.csv; is it 'shop'? Else "
        "add to seeds/event_types.csv, with the role that fits:\n"
        "    shop2,view,positive,1,90,,\n"
        "    shop2,purchase,positive,1,90,,",
    )


def test_a_column_that_holds_no_event_types_is_refused(write, shop, project):
    shop["events"]["columns"]["event_type"] = "item"
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.event_type: 'item' holds none of the event types of 'shop' "
        "(purchase, view) but cup (3), tea (3); map the column of event types, or "
        "add to seeds/event_types.csv, with the role that fits:\n"
        "    shop,cup,positive,1,90,,\n"
        "    shop,tea,positive,1,90,,",
    )


def test_something_positive_must_have_happened(write, shop, project):
    (project / "log" / "events.csv").write_text(
        "user,item,type,at,quantity\nann,tea,view,2024-01-01,\n"
    )
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.event_type: 'type' has no row whose type has the role positive; "
        "there are view (1); give one of them that role for 'shop' in seeds/event_types.csv",
    )


def with_unknown_types(project: Path, views: int, unknown: list[str]) -> None:
    """Write a log of a purchase, so many views, and an event of each unknown type."""
    types = ["purchase", *["view"] * views, *unknown]
    rows = "".join(f'ann,tea,"{name}",2024-01-01,\n' for name in types)
    (project / "log" / "events.csv").write_text(f"user,item,type,at,quantity\n{rows}")


def test_few_rows_of_unknown_types_are_a_warning(write, shop, project):
    with_unknown_types(project, 98, ["Wish, list "])
    assert report(write(shop), project).warnings == (
        "events.columns.event_type: 'type' has 1 of 100 rows of unknown types, wish, list (1); "
        "they are quarantined unless you add to seeds/event_types.csv, with the role that fits:\n"
        '    shop,"wish, list",positive,1,90,,',
    )


def test_many_rows_of_unknown_types_are_a_mistake(write, shop, project):
    with_unknown_types(project, 96, ["share", "wish", "share"])
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.event_type: 'type' has 3 of 100 rows of unknown types, share (2), "
        "wish (1); add to seeds/event_types.csv, with the role that fits:\n"
        "    shop,share,positive,1,90,,\n"
        "    shop,wish,positive,1,90,,",
    )


def test_a_known_type_counts_however_rare_it_is(write, shop, project):
    with_unknown_types(project, 6_000, [f"rare {number}" for number in range(60)])
    found = report(write(shop), project)
    assert found.event_types["purchase"] == 1
    assert found.warnings[0].startswith(
        "events.columns.event_type: 'type' has 60 of 6,061 rows of unknown types, rare 0 (1), "
    )
    assert " and more; they are quarantined" in found.warnings[0]


def test_what_is_sensitive_must_exist(write, shop, project, save):
    save("select 'ann' as id, 'F' as sex, 40 as age", "log/u.parquet")
    users = {"relation": "log/u.parquet", "columns": {"user_id": "id"}, "attributes": ["age"]}
    shop["users"] = {**users, "sensitive": ["sex", "ages"]}
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "users.sensitive.1: 'ages' is no column of log/u.parquet; did you mean 'age'?",
    )


def test_problems_of_every_part_come_in_one_message(write, shop, project):
    shop["events"]["columns"]["user_id"] = "usr"
    shop["items"] = {"relation": "log/items.csv", "columns": {"item_id": "id"}}
    shop["users"] = {"relation": "people", "columns": {"user_id": "id"}}
    file = write(shop)
    assert message(file, project) == (
        f"3 problems in the mapping {file}:\n"
        "- events.columns.user_id: 'usr' is no column of log/events.csv; did you mean 'user'?\n"
        f"- items.relation: 'log/items.csv' matches no file (it starts at {project}); "
        "did you mean 'log/events.csv'?\n"
        "- users.relation: 'people' is no table or view of the warehouse; "
        "load it there or name a pattern of files"
    )
