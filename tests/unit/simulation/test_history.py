from datetime import date

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from simulation.config import NO_DIRT, WorldConfig
from simulation.day import step_day
from simulation.history import write_catalogue, write_history
from simulation.policies import shop_policy
from simulation.tables import name_world
from simulation.world import build_world
from simulation.writing import write_log

DAYS, MORE = 30, 10
LONG = WorldConfig(
    users=300, items=120, days=DAYS + MORE, seed=3, end_date=date(2026, 3, 1), dirt=NO_DIRT
)
END = pd.Timestamp("2026-03-01") - pd.Timedelta(days=MORE)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    return folder, write_history(build_world(LONG), DAYS, folder)


def read(path):
    return pq.read_table(path).to_pandas()


def test_a_history_is_the_beginning_of_the_whole_log(history, tmp_path):
    folder, _ = history
    write_log(LONG, tmp_path)
    for name, key, moment in (
        ("events", "event_id", "loaded_at"),
        ("impressions", "request_id", "shown_at"),
    ):
        whole, own = read(tmp_path / f"{name}.parquet"), read(folder / f"{name}.parquet")
        assert own[key].tolist() == whole.loc[whole[moment] < END, key].tolist()
        assert len(own) > 500


def test_days_go_on_from_a_history_as_from_the_days_themselves(history, tmp_path):
    _, blocks = history
    world = build_world(LONG)
    _, logs = step_day(world, blocks, DAYS, shop_policy)
    write_log(LONG, tmp_path)
    shown = read(tmp_path / "impressions.parquet")
    of_day = shown["shown_at"].between(END, END + pd.Timedelta(days=1), inclusive="left")
    ids = name_world(world).items.take(logs[0].impressions.items)
    assert shown.loc[of_day, "item_id"].tolist() == ids.to_pylist()


def test_the_catalogue_of_a_day_knows_nothing_of_later_ones(tmp_path):
    world = build_world(LONG)
    names = name_world(world)
    write_catalogue(world, names, DAYS, tmp_path)
    items, users = (read(tmp_path / f"{name}.parquet") for name in ("items", "users"))
    assert (items["created_at"] < END).all()
    assert len(items) < LONG.items
    assert (users["signed_up_at"] < END).all()
    assert len(users) == (world.users.signed_up_days < DAYS).sum() < LONG.users
    gone = np.flatnonzero(world.catalogue.discontinued_days < DAYS)
    assert set(items.loc[~items["available"], "item_id"]) == {f"i{item:04d}" for item in gone}
    assert gone.size


def test_a_history_without_days_is_refused(tmp_path):
    with pytest.raises(ValueError, match="days >= 1, got 0"):
        write_history(build_world(LONG), 0, tmp_path)
