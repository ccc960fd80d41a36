from datetime import datetime

import pytest

from orchestration.mapping import MappingReport
from tests.unit.orchestration.mapping.checked import EVENT, message, one_problem, report


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
