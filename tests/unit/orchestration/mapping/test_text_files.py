"""Logs in files of text, whose values must arrive as they are written."""

import json

import duckdb
import pytest

from orchestration.mapping.source import Reader
from tests.unit.orchestration.mapping.checked import message, one_problem, report

HEAD = "user,item,type,at,quantity\n"
ROW = "ann,tea,purchase,2024-01-01 10:00:00,1\n"


@pytest.fixture
def write_json(project, shop):
    """Return a function that makes the log one JSON file of these objects."""

    def write_objects(*objects: dict) -> None:
        lines = "\n".join(map(json.dumps, objects))
        (project / "log" / "events.jsonl").write_text(lines)
        shop["events"]["relation"] = "log/events.jsonl"

    return write_objects


def event(**values: object) -> dict:
    row = {"user": "ann", "item": "tea", "type": "purchase", "at": "2024-01-01", "quantity": 1}
    return {**row, **values}


def values_of(project, name: str) -> list[str]:
    """Read a column of the log as dbt does."""
    with duckdb.connect() as connection:
        rows = Reader(connection, project).sql("log/events.jsonl", [name])
        return [value for (value,) in connection.execute(f"select * from {rows}").fetchall()]


@pytest.mark.parametrize(
    "values",
    [
        ["6F9619FF-8B86-D011-B42D-00CF4FC964FF", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"],
        ["007", 7, "abc-7"],
        ['a "quoted" id', "[1]", "null"],
        ["2024-01-05T10:00:00Z", "2024-01-05T10:00:00+02:00"],
        [12345678901234567890123, 3.75, True],
    ],
)
def test_values_of_json_arrive_as_they_are_written(values, write_json, project):
    write_json(*(event(item=value) for value in values))
    told = [value if isinstance(value, str) else json.dumps(value) for value in values]
    assert values_of(project, "item") == told


def test_a_late_row_of_json_may_be_of_another_kind(write_json, write, shop, project):
    many = [event()] * 30_000
    write_json(*many, event(at="not a time", quantity=3.7), event(quantity="n/a", item=None))
    found = report(write(shop), project)
    assert found.row_counts == {"events": 30_002}
    assert sorted(found.warnings) == [
        "events.columns.occurred_at: 1 of 30,002 values cannot be used, such as 'not a time'",
        "events.columns.value: 1 of 30,002 values cannot be used, such as 'n/a'",
    ]
    assert values_of(project, "quantity")[-2:] == ["3.7", "n/a"]


def test_a_key_of_json_may_come_late(write_json, write, shop, project):
    shop["events"]["columns"]["session_id"] = "visit"
    write_json(*[event()] * 30_000, event(visit="v1"))
    assert report(write(shop), project).row_counts == {"events": 30_001}


def test_keys_of_json_differ_in_case(write_json, write, shop, project):
    row = event()
    write_json({"User": row.pop("user"), **row})
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.user_id: 'user' is no column of log/events.jsonl; did you mean 'User'?",
    )


def test_a_structure_in_json_is_no_id(write_json, write, shop, project):
    write_json(event(item={"id": "tea"}), event(item=None))
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.columns.item_id: 'item' has the type STRUCT but must be one value a row; "
        "map a column that is no list or structure, or unnest it in a view",
    )


def test_a_row_of_json_that_is_no_object_is_named(write_json, write, shop, project):
    write_json(event(), ["ann", "tea"])
    file = write(shop)
    assert message(file, project).startswith(
        one_problem(
            file,
            "events.relation: 'log/events.jsonl' holds a file that cannot be read, "
            f"{project}/log/events.jsonl: JSON transform error in file",
        )
    )


@pytest.mark.parametrize("content", ["", "[]", "\n"])
def test_json_without_rows_is_a_log_without_rows(content, write_json, write, shop, project):
    write_json()
    (project / "log" / "events.jsonl").write_text(content)
    found = report(write(shop), project)
    assert found.is_empty
    assert found.warnings == ("events.relation: 'log/events.jsonl' has no rows",)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("eve,cup\n", "CSV Error on Line: 4, Expected Number of Columns: 5 Found: 2"),
        ("eve,cup,view,2024-01-01,1,2,3\n", "CSV Error on Line: 4, Expected Number of Columns: 5"),
        ("eve,cup,view,2024-01-01,,,,\n", "its rows do not fit its first line"),
    ],
)
def test_an_early_row_that_does_not_fit_the_names_is_named(
    row, reason, separator, write, shop, project
):
    rows = HEAD + ROW * 2 + row + ROW * 5
    (project / "log" / "events.csv").write_text(rows.replace(",", separator))
    (project / "log" / "more.csv").write_text(HEAD + ROW)
    shop["events"]["relation"] = "log/*.csv"
    file = write(shop)
    text = message(file, project)
    assert text.startswith(
        one_problem(
            file,
            "events.relation: 'log/*.csv' holds a file that cannot be read, "
            f"{project}/log/events.csv: {reason}",
        )
    )
    assert text.endswith("; repair the file or take it out")


def test_a_late_row_that_does_not_fit_is_named_with_what_is_wrong(write, shop, project):
    (project / "log" / "events.csv").write_text(HEAD + ROW * 50_000 + "eve,cup\n")
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.relation: 'log/events.csv' holds a file that cannot be read, "
        f"{project}/log/events.csv: CSV Error on Line: 50002, "
        "Expected Number of Columns: 5 Found: 2; repair the file or take it out",
    )


def test_a_quotation_mark_that_is_not_closed_is_named(write, shop, project):
    (project / "log" / "events.csv").write_text(HEAD + 'ann,"tea,view,2024-01-01,1\n' + ROW * 5)
    assert "Value with unterminated quote found" in message(write(shop), project)


def test_quotation_marks_that_come_late_are_no_part_of_the_value(write, shop, project):
    quoted = 'ann,"tea, green",purchase,2024-01-01 10:00:00,1\n'
    (project / "log" / "events.csv").write_text(HEAD + ROW * 50_000 + quoted)
    assert report(write(shop), project).row_counts == {"events": 50_001}
    with duckdb.connect() as connection:
        rows = Reader(connection, project).sql("log/events.csv", ["item"])
        (last,) = connection.execute(f"select distinct item from {rows} order by 1").fetchall()[1:]
    assert last == ("tea, green",)


def test_empty_files_have_no_names(write, shop, project):
    (project / "log" / "events.csv").write_text("")
    file = write(shop)
    assert message(file, project) == one_problem(
        file,
        "events.relation: 'log/events.csv' has only empty files, without even a line of names; "
        "write the names of the columns there",
    )
