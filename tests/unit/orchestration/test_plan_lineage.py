import pytest
from sqlmesh import Context
from sqlmesh.core.config import Config, DuckDBConnectionConfig, ModelDefaultsConfig
from sqlmesh.core.dialect import parse
from sqlmesh.core.model import load_sql_based_model

from orchestration.plan_changes import ModelChange
from orchestration.plan_lineage import TouchedColumn, followers, touched_columns

VISITS = "select user_id, seconds / 60 as minutes, day from raw.visits where seconds > 0"
TOTALS = "select user_id, sum(minutes) as total from shop.visits group by user_id"
TOP = "select user_id, round(total, 1) as shown from shop.totals"
PROJECT = {"visits": VISITS, "totals": TOTALS, "top": TOP}


def project(tmp_path, queries):
    """Load models of the schema `shop`; nothing is built."""
    config = Config(
        default_connection=DuckDBConnectionConfig(),
        model_defaults=ModelDefaultsConfig(dialect="duckdb"),
    )
    context = Context(paths=[str(tmp_path)], config=config)
    for name, query in queries.items():
        text = parse(f"MODEL (name shop.{name}); {query}")
        context.upsert_model(
            load_sql_based_model(text, default_catalog=context.default_catalog, dialect="duckdb")
        )
    return context


@pytest.fixture
def touched(tmp_path):
    """Say what a change of one model touches; None is a model that is not there."""

    def compare(name, kind, old, new):
        states = [
            project(tmp_path, {key: value for key, value in queries.items() if value})
            for queries in ({**PROJECT, name: old}, {**PROJECT, name: new})
        ]
        others = [ModelChange(f"shop.{key}", "downstream") for key in PROJECT if key != name]
        found = touched_columns([ModelChange(f"shop.{name}", kind), *others], *states)
        assert list(found) == [f"shop.{name}"]
        return found[f"shop.{name}"]

    return compare


def test_an_expression_is_followed_to_all_that_is_computed_from_it(touched):
    assert touched("visits", "changed", VISITS, VISITS.replace("60", "3600")) == [
        TouchedColumn("minutes", "changed", ["shop.totals.total", "shop.top.shown"])
    ]


def test_a_filter_touches_every_column(touched):
    assert touched("visits", "changed", VISITS, VISITS.replace("> 0", "> 1")) == [
        TouchedColumn("user_id", "rows", ["shop.totals.user_id", "shop.top.user_id"]),
        TouchedColumn("minutes", "rows", ["shop.totals.total", "shop.top.shown"]),
        TouchedColumn("day", "rows", []),
    ]


def test_a_column_that_is_gone_is_followed_in_the_older_state(touched):
    without = "select user_id, count(*) as visits from shop.visits group by user_id"
    assert touched("totals", "changed", TOTALS, without) == [
        TouchedColumn("total", "removed", ["shop.top.shown"]),
        TouchedColumn("visits", "added", []),
    ]


def test_so_is_a_model(touched):
    assert touched("totals", "removed", TOTALS, None) == [
        TouchedColumn("user_id", "removed", ["shop.top.user_id"]),
        TouchedColumn("total", "removed", ["shop.top.shown"]),
    ]


def test_of_a_new_model_every_column_is_new(touched):
    assert touched("totals", "added", None, TOTALS) == [
        TouchedColumn("user_id", "added", ["shop.top.user_id"]),
        TouchedColumn("total", "added", ["shop.top.shown"]),
    ]


def test_another_layout_touches_nothing(touched):
    assert touched("top", "changed", TOP, TOP.replace(" from", "\nfrom")) == []


def test_followers_come_step_by_step_and_once():
    readers = {"a.a": {"c.c", "b.b"}, "b.b": {"d.d", "c.c", "a.a"}, "c.c": {"aa.a"}}
    assert followers("a.a", readers) == ["b.b", "c.c", "aa.a", "d.d"]
    assert followers("d.d", readers) == []
