import shutil

import duckdb
import pytest

from orchestration.mapping import load_mapping, needs_warehouse
from tests.unit.orchestration.mapping.checked import message, one_problem, report


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


def test_a_view_of_the_warehouse_is_read_like_a_table(write, shop, project):
    with duckdb.connect() as connection:
        connection.execute(f"create view log as from read_csv('{project}/log/events.csv')")
        shop["events"]["relation"] = "log"
        assert report(write(shop), project, connection).row_counts == {"events": 6}


def test_a_table_of_another_database_gets_advice(write, shop, project):
    with duckdb.connect() as connection:
        connection.execute("create table log as from range(1)")
        shop["events"]["relation"] = "crm.raw.events"
        file = write(shop)
        assert message(file, project, connection) == one_problem(
            file,
            "events.relation: 'crm.raw.events' is no table or view of the warehouse; copy it from "
            "the database 'crm' to Parquet files and name these",
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


@pytest.mark.parametrize("name", ["shop [1]", "shop *", "shop ?"])
def test_a_project_called_like_a_pattern_is_only_itself(write, shop, project, name):
    shutil.copytree(project, project.with_name("shop 1"))
    moved = shutil.copytree(project, project.with_name(name))
    shop["events"]["relation"] = "log/*.csv"
    assert report(write(shop), moved).row_counts == {"events": 6}
    shop["events"]["relation"] = "log/event.csv"
    assert "did you mean 'log/events.csv'?" in message(write(shop), moved)
