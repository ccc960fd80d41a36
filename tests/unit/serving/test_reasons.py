import re

import duckdb
import jinja2
import pytest

from orchestration.settings import PROJECT_ROOT
from serving.reasons import reason

SOURCES = ["als", "covisitation", "repeat", "pinned", "segment", "popular", "content"]
COUNTS = [None, 0, 1, 2, 1204]


def expression() -> str:
    """Cut the reason out of the model, and fill its macros in."""
    model = (PROJECT_ROOT / "models/serving/rec_user_top_items.sql").read_text(encoding="utf-8")
    macros = (PROJECT_ROOT / "macros/people_lately.sql").read_text(encoding="utf-8")
    found = re.search(r"(case titled\.source.*?end) as reason", model, re.DOTALL)
    return jinja2.Environment(autoescape=True).from_string(macros + found[1]).render()


def test_reasons_are_those_of_the_table():
    cases = [
        (source, title, count)
        for source in SOURCES
        for title in ("Oak 'Lamp' 🪔", None)
        for count in COUNTS
        # Co-visitation is evidence itself: the table has no row without.
        if not (source == "covisitation" and title is None)
    ]
    with duckdb.connect() as connection:
        connection.execute(
            "create table titled (source varchar, evidence_title varchar, evidence_count bigint)"
        )
        connection.executemany("insert into titled values (?, ?, ?)", cases)
        rows = connection.execute(f"select titled.*, {expression()} from titled").fetchall()
    assert len(rows) == len(cases)
    for source, title, count, expected in rows:
        assert reason(source, title, count) == expected, (source, title, count)


@pytest.mark.parametrize(
    ("source", "title", "count", "expected"),
    [
        ("covisitation", "Lamp", 12, "Often follows Lamp (12 people had both)"),
        ("repeat", None, 1, "You chose it once"),
        ("covisitation", None, 3, "Popular now: 3 people in 28 days"),
    ],
)
def test_reasons_read_well(source, title, count, expected):
    assert reason(source, title, count) == expected
