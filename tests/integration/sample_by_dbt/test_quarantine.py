"""What is set aside is what the generator planted: the rows, and the reasons."""

from pathlib import Path

import duckdb
import pytest

from simulation.config import SAMPLE
from simulation.writing import write_log

pytestmark = pytest.mark.integration

# Dirt that is read: late and oddly written rows are true, a bot is left out by who it is, and a
# value that is not a number is no value.
READ = {"late", "odd_spelling", "zulu_time", "offset_time", "bot", "missing_value"}
# Copies of an event come in the order of loading.
DELIVERED = """
    select
        interaction_id as event_id,
        row_number() over (partition by interaction_id order by loaded_at) as delivery,
        reject_reason as reason,
        value
    from staging.stg_events__deliveries
"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> dict[str, set[tuple[str, int]]]:
    """Make the sample again for its truth: event and delivery, by reason."""
    folder = tmp_path_factory.mktemp("sample")
    write_log(SAMPLE, folder, folder / "truth")
    found: dict[str, set[tuple[str, int]]] = {}
    rows = duckdb.read_parquet(str(folder / "truth" / "dirty_rows.parquet"))
    for event_id, delivery, reason in rows.project("event_id, delivery, reason").fetchall():
        found.setdefault(reason, set()).add((event_id, delivery))
    return found


@pytest.fixture(scope="module")
def delivered(sample_by_dbt: Path) -> dict[tuple[str, int], tuple[str | None, float | None]]:
    """Read why each delivery was set aside, None where it was not, and its value."""
    with duckdb.connect(str(sample_by_dbt), read_only=True) as connection:
        rows = connection.execute(DELIVERED).fetchall()
    return {(event_id, delivery): (reason, value) for event_id, delivery, reason, value in rows}


def test_the_rows_that_were_planted_are_set_aside_for_that_reason_and_no_others(planted, delivered):
    rejected: dict[str, set[tuple[str, int]]] = {}
    for key, (reason, _) in delivered.items():
        if reason is not None:
            rejected.setdefault(reason, set()).add(key)
    assert rejected == {reason: keys for reason, keys in planted.items() if reason not in READ}


def test_dirt_that_is_read_is_planted_too(planted):
    assert planted.keys() > READ


def test_a_value_that_is_not_a_number_is_no_value_of_a_row_that_is_used(planted, delivered):
    assert {delivered[key] for key in planted["missing_value"]} == {(None, None)}
