import io

import pandas as pd

from orchestration.plan_changes import ModelChange
from orchestration.plan_lineage import TouchedColumn
from orchestration.plan_report import render_plan
from orchestration.plan_rows import RowDifference
from orchestration.terminal.streams import plain_console

SAME_ROWS = RowDifference([], 9, 9, 0, 0, {}, pd.DataFrame())


def shown(changes, lineage, differences=None, limit=2):
    console = plain_console(file=io.StringIO())
    console.width = 100
    render_plan(console, "HEAD", changes, differences or {}, lineage, limit)
    return console.file.getvalue()


def test_of_many_columns_and_readers_some_are_shown_and_the_others_counted():
    readers = ["b.b.one", "b.b.two", "c.c.three", "c.c.four"]
    columns = [
        TouchedColumn("score", "changed", readers),
        TouchedColumn("place", "rows", readers[:2]),
        TouchedColumn("item_id", "rows", []),
    ]
    change = ModelChange("a.a", "changed", "- old\n+ new")
    lines = [line.split() for line in shown([change], {"a.a": columns}).splitlines()]
    start = lines.index(["score", "computed", "otherwise", "b.b.one"])
    assert lines[start : start + 6] == [
        ["score", "computed", "otherwise", "b.b.one"],
        ["b.b.two"],
        ["and", "2", "more"],
        ["place", "of", "other", "rows", "b.b.one"],
        ["b.b.two"],
        ["and", "1", "more"],
    ]


def test_models_that_come_and_go_have_their_columns_too():
    changes = [ModelChange("a.new", "added"), ModelChange("a.old", "removed")]
    text = shown(
        changes,
        {
            "a.new": [TouchedColumn("one", "added", [])],
            "a.old": [TouchedColumn("two", "removed", ["b.b.two"])],
        },
    )
    lines = [line.split() for line in text.splitlines()]
    assert ["one", "new", "nothing", "else"] in lines
    assert ["two", "gone", "b.b.two"] in lines


def test_a_change_that_touches_no_column_says_so():
    text = shown([ModelChange("a.a", "changed", "- x\n+ y")], {"a.a": []})
    assert "Its columns are computed as before, of the same rows." in text


def test_rows_are_shown_as_they_are():
    rows = pd.DataFrame({"item_id": ["shop:id:77"], "s__title": ["[red]"], "t__title": ["x[/y]"]})
    difference = RowDifference(["item_id"], 9, 9, 0, 0, {"title": 25.0}, rows)
    text = shown([ModelChange("a.a", "downstream")], {}, {"a.a": difference, "b.b": SAME_ROWS})
    assert "1 of 2 tables" in text
    assert "title 25.0 %" in text
    assert ["shop:id:77", "[red]", "x[/y]"] in [line.split() for line in text.splitlines()]
