"""The lines of experiments that the application takes over."""

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from orchestration.running_experiments import (
    named_releases,
    published_holdout,
    running_experiments,
)
from serving.assignment import Arm
from serving.experiments import NOBODY, Holdout

COLUMNS = (
    "line_number, experiment_id, layer, salt, variants, reject_reason, layer_from, layer_until, "
    "holdout, starts_at, ends_at"
)
ARMS = "popular:0.25:popular topshelf:0.75:live"


def published(path, *lines: tuple[object, ...]):
    """Write a snapshot with some lines of experiments."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema experiments")
        connection.execute(
            "create table experiments.exp_experiments (line_number bigint, experiment_id varchar, "
            "layer varchar, salt varchar, variants varchar, reject_reason varchar, "
            "layer_from double, layer_until double, holdout double, starts_at timestamp, "
            "ends_at timestamp)"
        )
        for line in lines:
            connection.execute(
                f"insert into experiments.exp_experiments ({COLUMNS}) values "
                "(?, ?, 'lists', 'salt', ?, ?, 0.2, 0.9, 0.05, '2026-02-01', '2026-04-01')",
                list(line),
            )
    return path


def test_a_line_becomes_an_experiment_with_its_arms_and_moments(tmp_path):
    path = published(tmp_path / "published.duckdb", (1, "lists", ARMS, None))
    (running,) = running_experiments(path)
    found = running.experiment
    assert found.arms == (Arm("popular", 0.25, "popular"), Arm("topshelf", 0.75, "live"))
    assert (found.experiment_id, found.layer, found.salt) == ("lists", "lists", "salt")
    assert (found.layer_from, found.layer_until, found.holdout) == (0.2, 0.9, 0.05)
    assert running.starts_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert running.ends_at == datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        (0, "history", "one:0.5:live other:0.5:live", None),
        (1, "rejected", ARMS, "layer_out_of_range"),
        (1, "elsewhere", "a:0.5:live b:0.5:new_checkout", None),
    ],
)
def test_what_is_no_experiment_of_ours_is_left_out(tmp_path, line):
    path = published(tmp_path / "published.duckdb", line, (2, "kept", ARMS, None))
    assert [one.experiment.experiment_id for one in running_experiments(path)] == ["kept"]


def test_a_release_that_is_kept_is_served_and_stays_until_the_end(tmp_path, caplog):
    arms = "old:0.5:20260101T000000-ab new:0.5:live"
    path = published(tmp_path / "published.duckdb", (1, "lists", arms, None))
    (running,) = running_experiments(path, ["20260101T000000-ab", "another"])
    assert running.named_releases == {"20260101T000000-ab"}
    assert not caplog.records
    assert running_experiments(path, ["another"]) == ()
    assert "lists is left to who serves 20260101T000000-ab" in caplog.text
    end = datetime(2026, 4, 1, tzinfo=UTC)
    assert named_releases(path, end - timedelta(seconds=1)) == {"20260101T000000-ab"}
    assert named_releases(path, end) == frozenset()


def test_without_a_snapshot_or_its_table_there_are_none(tmp_path):
    assert running_experiments(tmp_path / "published.duckdb") == ()
    assert named_releases(tmp_path / "published.duckdb", datetime.now(UTC)) == frozenset()
    with duckdb.connect(str(tmp_path / "old.duckdb")) as connection:
        connection.execute("create table something as select 1 as one")
    assert running_experiments(tmp_path / "old.duckdb") == ()


def test_who_is_held_out_is_as_published_also_for_experiments(tmp_path):
    path = published(tmp_path / "published.duckdb", (1, "lists", ARMS, None))
    assert published_holdout(path) == published_holdout(tmp_path / "none.duckdb") == NOBODY
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table experiments.exp_holdout as "
            "select 'apart' as salt, 'popular' as serves, cast(0.05 as double) as share"
        )
    assert published_holdout(path) == Holdout(0.05, "apart", "popular")
    assert running_experiments(path)[0].experiment.holdout_salt == "apart"
