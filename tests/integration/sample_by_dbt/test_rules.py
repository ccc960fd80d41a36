"""Rules of people, applied to the lists of the sample: no release has to be learned for that."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.integration

# What is served when only dbt has built, and the rules are not those of the project.
LISTS = ("build", "--select", "serving", "monitoring", "--exclude-resource-type", "unit_test")
Rules = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module")
def plain(sample_by_dbt, tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    return Path(shutil.copytree(sample_by_dbt.parent, home / "sample")) / sample_by_dbt.name


@pytest.fixture(scope="module")
def ruled(plain, dbt_build, sample_mapping) -> Rules:
    """Build the lists under some rules, each given as ``rule, applies_to, target, value``."""

    def build(*rules: tuple[str, str, str, str | None]) -> Path:
        with duckdb.connect(str(plain)) as connection:
            connection.execute("delete from seeds.rules")
            for rule in rules:
                connection.execute(
                    "insert into seeds.rules values ('sample', ?, ?, ?, ?, null, null, null)", rule
                )
        return dbt_build(sample_mapping, plain.parents[1], *LISTS)

    return build


def rows(warehouse: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_rules_hold_in_every_list_at_once(ruled):
    before = ruled()
    ((first,), (second,), (third,)) = rows(
        before,
        "select item_id from serving.rec_popular_items where segment = 'all' "
        "order by popularity_rank limit 3",
    )
    ((category,),) = rows(
        before, f"select category from staging.stg_catalog__items where item_id = '{third}'"
    )
    # dbt itself tests that lists are full, without gaps, and hold nothing seen or excluded, and
    # that no category exceeds its limit as long as something else is left.
    after = ruled(
        ("exclude", "item", first, None),
        ("pin", "item", third, "2"),
        ("max_per_category", "category", "*", "2"),
        ("boost", "item", second, "3"),
        ("bury", "category", category, "0.5"),
    )
    pinned = rows(
        after,
        "select user_id, recommended_rank, source from serving.rec_user_top_items "
        f"where item_id = '{third}'",
    )
    assert pinned
    assert {row[1:] for row in pinned} == {(2, "pinned")}
    assert rows(
        after,
        f"select distinct popularity_rank from serving.rec_popular_items where item_id = '{third}'",
    ) == [(2,)]
    assert rows(
        after,
        f"select distinct trending_rank from serving.rec_trending_items where item_id = '{third}'",
    ) == [(2,)]
    assert rows(
        after,
        """
        select max(item_count) from (
            select count(*) as item_count
            from serving.rec_popular_items
            inner join staging.stg_catalog__items using (item_id)
            where segment = 'all' and popularity_rank <= 20
            group by category
        )
        """,
    ) == [(2,)]


def test_rules_that_cannot_be_applied_stop_the_build_and_are_named(ruled):
    with pytest.raises(RuntimeError, match="assert_every_rule_can_be_applied") as failure:
        ruled(
            ("exclude", "item", "i9999", None),
            ("hide", "item", "i0001", None),
            ("pin", "item", "i0003", "21"),
            ("pin", "item", "i0001", "1"),
            ("pin", "item", "i0002", "1"),
            ("exclude", "item", "i0004", None),
        )
    told = str(failure.value)
    assert "exclude item i9999: unknown_item" in told
    assert "hide item i0001: unknown_rule" in told
    assert "pin item i0003 21:" in told
    assert "a whole number from 1 to 20" in told
    assert "pin item i0002 1: clashes_with_another_pin" in told
    assert "i0004" not in told
