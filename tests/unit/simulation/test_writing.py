from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from simulation.config import WorldConfig
from simulation.day import open_blocks, step_day
from simulation.policies import shop_policy
from simulation.streams import TableStream
from simulation.world import build_world
from simulation.writing import write_log

CONFIG = WorldConfig(users=500, items=80, days=40, seed=11)
FILES = ("events", "impressions", "items", "users")
END = datetime(2026, 3, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    write_log(CONFIG, folder, folder / "truth")
    return folder


def tables(folder):
    return {name: pq.read_table(folder / f"{name}.parquet") for name in FILES}


def test_equal_configurations_give_equal_logs(folder, tmp_path):
    write_log(CONFIG, tmp_path)
    assert tables(tmp_path) == tables(folder)


def test_another_seed_gives_another_log(folder, tmp_path):
    write_log(replace(CONFIG, seed=12), tmp_path)
    for name, table in tables(tmp_path).items():
        assert table != tables(folder)[name]


@pytest.mark.parametrize(("group_rows", "workers"), [(1, 1), (777, 3)])
def test_neither_batches_nor_workers_change_the_log(folder, tmp_path, group_rows, workers):
    write_log(CONFIG, tmp_path, group_rows=group_rows, workers=workers)
    assert tables(tmp_path) == tables(folder)


def test_workers_do_not_change_a_log_of_several_blocks(tmp_path):
    config = WorldConfig(users=40_000, items=50, days=3, seed=1)
    for workers in (1, 3):
        write_log(config, tmp_path / str(workers), workers=workers)
    assert tables(tmp_path / "1") == tables(tmp_path / "3")


def test_rows_are_written_in_groups_as_they_come(folder, tmp_path):
    write_log(CONFIG, tmp_path, group_rows=1_000)
    metadata = pq.ParquetFile(tmp_path / "events.parquet").metadata
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert len(sizes) > 3
    # A group is closed by the day that fills it, so no day more than needed is held.
    busiest = max(np.unique(loaded_days(folder), return_counts=True)[1])
    assert max(sizes) < 1_000 + 2 * busiest


def loaded_days(folder):
    return pq.read_table(folder / "events.parquet")["loaded_at"].to_numpy().astype("datetime64[D]")


def test_no_rows_held_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"group_rows must be >= 1, got 0"):
        TableStream(tmp_path / "x.parquet", 0)


def test_the_truth_is_written_only_when_asked(folder, tmp_path):
    write_log(CONFIG, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{name}.parquet" for name in FILES
    )
    assert sorted(path.stem for path in (folder / "truth").iterdir()) == [
        "dirty_rows",
        "items",
        "relevances",
        "tastes",
    ]


def test_the_log_has_the_stated_columns(folder):
    columns = {name: table.column_names for name, table in tables(folder).items()}
    assert columns == {
        "events": [
            "event_id", "user_id", "item_id", "event_type", "occurred_at", "loaded_at", "value",
            "session_id", "anonymous_id", "surface", "device", "request_id",
        ],
        "impressions": [
            "request_id", "user_id", "item_id", "rank", "surface", "shown_at", "propensity",
            "policy",
        ],
        "items": ["item_id", "title", "category", "price_eur", "created_at", "available"],
        "users": ["user_id", "signed_up_at", "country", "age_band"],
    }  # fmt: skip


def test_nothing_is_loaded_before_it_happened_or_after_the_log(folder):
    loaded = pq.read_table(folder / "events.parquet")["loaded_at"]
    assert pc.max(loaded).as_py() < END
    assert pc.min(loaded).as_py() >= END - timedelta(days=CONFIG.days)


def test_ids_are_of_the_stated_form_and_known(folder):
    log = tables(folder)
    assert log["users"]["user_id"].to_pylist() == [f"u{n:05d}" for n in range(500)]
    assert log["items"]["item_id"].to_pylist() == [f"i{n:04d}" for n in range(80)]
    for name in ("events", "impressions"):
        for key, known in (("user_id", "users"), ("item_id", "items")):
            found = set(log[name][key].drop_null().to_pylist())
            assert found <= set(log[known][key].to_pylist())


def test_an_item_is_seen_only_while_it_is_offered(folder):
    log = tables(folder)
    truth = pq.read_table(folder / "truth" / "items.parquet").to_pylist()
    start = END - timedelta(days=CONFIG.days)
    lives = {
        row["item_id"]: (
            start + timedelta(days=row["released_day"]),
            END if row["discontinued_day"] is None else start + timedelta(row["discontinued_day"]),
        )
        for row in truth
    }
    for row in log["impressions"].select(["item_id", "shown_at"]).to_pylist():
        released, gone = lives[row["item_id"]]
        assert released <= row["shown_at"] < gone
    for row in log["items"].to_pylist():
        released, gone = lives[row["item_id"]]
        assert timedelta(0) <= released - row["created_at"] < timedelta(hours=12)
        assert row["available"] == (gone == END)
    assert any(gone < END for _, gone in lives.values())


def test_lists_have_ranks_without_gaps_and_no_item_twice(folder):
    shown = pq.read_table(folder / "impressions.parquet").to_pandas()
    lists = shown.groupby("request_id")
    assert (lists["rank"].max() == lists.size()).all()
    assert (lists["rank"].nunique() == lists.size()).all()
    assert (lists["item_id"].nunique() == lists.size()).all()
    assert (lists["user_id"].nunique() == 1).all()
    assert shown["propensity"].between(0, 1, inclusive="right").all()


def test_an_event_names_the_list_that_led_to_it_and_none_when_searched(folder):
    log = tables(folder)
    events = log["events"].to_pandas()
    events = events[events["user_id"].notna() & events["item_id"].notna()]
    shown = log["impressions"].to_pandas()
    searched = events["surface"] == "search"
    assert searched.any()
    assert events.loc[searched, "request_id"].isna().all()
    led = events[~searched].drop_duplicates("event_id")
    key = ["request_id", "user_id", "item_id", "surface"]
    assert len(led.merge(shown, on=key)) == len(led)


def test_a_session_is_of_one_user_and_device_and_some_have_a_browser_number(folder):
    events = pq.read_table(folder / "events.parquet").to_pandas()
    sessions = events.groupby("session_id")
    for name in ("user_id", "device", "anonymous_id"):
        assert sessions[name].nunique().max() == 1
    known = sessions["anonymous_id"].first().notna()
    assert 0.2 < known.mean() < 0.4
    assert events["anonymous_id"].dropna().str.fullmatch(r"a\d+").all()


def test_relevances_stand_for_every_impression(folder):
    shown = pq.read_table(folder / "impressions.parquet", columns=["request_id", "item_id"])
    truth = pq.read_table(folder / "truth" / "relevances.parquet")
    assert truth.select(["request_id", "item_id"]) == shown
    assert pc.min(truth["relevance"]).as_py() > 0
    assert pc.max(truth["relevance"]).as_py() < 1


def test_tastes_are_written_every_seventh_day(folder):
    tastes = pq.read_table(folder / "truth" / "tastes.parquet")
    days = sorted(set(tastes["taste_at"].to_pylist()))
    assert days == [END - timedelta(days=CONFIG.days - day) for day in range(0, 40, 7)]
    assert tastes.num_rows == 500 * len(days)


def test_users_remember_from_day_to_day(folder):
    world = build_world(CONFIG)
    blocks = open_blocks(world)
    for day in range(36):
        blocks, _ = step_day(world, blocks, day, shop_policy)
    tastes = pq.read_table(folder / "truth" / "tastes.parquet").to_pandas()
    written = tastes[tastes["taste_at"] == END - timedelta(days=CONFIG.days - 35)]
    np.testing.assert_array_equal(written["satisfaction"], blocks[0].memories.satisfactions)
    assert written["satisfaction"].nunique() > 100


def test_the_summary_counts_what_was_written(folder, tmp_path):
    seen = []
    summary = write_log(CONFIG, tmp_path, report=lambda day, events: seen.append((day, events)))
    assert summary.events == pq.read_metadata(folder / "events.parquet").num_rows
    assert summary.impressions == pq.read_metadata(folder / "impressions.parquet").num_rows
    reasons = pq.read_table(folder / "truth" / "dirty_rows.parquet")["reason"].to_pylist()
    assert summary.dirt == {reason: reasons.count(reason) for reason in summary.dirt}
    assert [day for day, _ in seen] == list(range(1, 41))
    assert seen[-1][1] == summary.events


@pytest.mark.parametrize(("users", "items", "days"), [(1, 1, 1), (3, 2, 5), (1, 200, 2)])
def test_the_smallest_shops_work(tmp_path, users, items, days):
    write_log(WorldConfig(users=users, items=items, days=days, seed=0), tmp_path)
    assert pq.read_metadata(tmp_path / "items.parquet").num_rows == items


def test_moments_of_the_end_agree_with_the_configuration():
    assert END.replace(tzinfo=UTC).timestamp() == CONFIG.end_second
