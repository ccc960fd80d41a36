from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from benchmarks.quality.fixed_split import SplitError, is_fixed_split, plant
from benchmarks.quality.split_times import TIMELESS
from orchestration.mapping import load_mapping
from orchestration.reviewed import load_reviewed, sql_defaults

MOMENTS = """
    select split, day, count(*) from (
        select
            source.split as split,
            extract(day from log.occurred_at) as day
        from read_parquet('{log}') as log
        inner join read_parquet('{source}') as source
            on
                log.user_id = cast(source.user_id as varchar)
                and log.item_id = cast(source.item_id as varchar)
    )
    group by all
    order by all
"""


def write_split(folder: Path, rows: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    duckdb.sql(rows).write_parquet(str(folder / "events.parquet"))
    return folder


@pytest.fixture
def plain(tmp_path):
    """One hundred users with ten pairs to train on and one to test."""
    return write_split(
        tmp_path / "plain",
        """
        select u as user_id, i as item_id, case when i = 10 then 'test' else 'train' end as split
        from range(100) as users(u), range(11) as items(i)
        """,
    )


def moments(split, folder):
    log = split.home / "events.parquet"
    query = MOMENTS.format(log=log, source=folder / "events.parquet")
    return {(part, day): count for part, day, count in duckdb.sql(query).fetchall()}


def test_a_tenth_of_the_training_pairs_chooses_settings_or_teaches_the_ranker(plain, tmp_path):
    split = plant(plain, tmp_path / "home")
    search = moments(split.search, plain)
    assert search["test", 3] == 100
    assert search["train", 1] + search["train", 2] == 1000
    assert 60 < search["train", 2] < 140
    assert moments(split.final, plain) == search


def test_a_validation_part_chooses_settings_and_is_never_trained_on(tmp_path):
    folder = write_split(
        tmp_path / "own",
        """
        select u as user_id, i as item_id, ['train', 'validation', 'test'][i] as split
        from range(20) as users(u), range(1, 4) as items(i)
        """,
    )
    split = plant(folder, tmp_path / "home")
    assert moments(split.search, folder) == {
        ("train", 1): 20,
        ("validation", 2): 20,
        ("test", 3): 20,
    }
    final = moments(split.final, folder)
    assert final.pop(("test", 3)) == 20
    assert set(final) == {("train", 1), ("train", 2)}
    assert sum(final.values()) == 20


def settings_of(log):
    mapping = load_mapping(log.mapping, log.project_root)
    assert mapping.horizon_days == 1
    return load_reviewed(mapping, log.project_root)


def test_without_reviewed_settings_whole_histories_count_and_nothing_ages(plain, tmp_path):
    split = plant(plain, tmp_path / "home")
    defaults = sql_defaults(split.final.project_root)
    for log in (split.search, split.validation, split.final):
        sql = settings_of(log).sql
        half_lives = {
            name
            for name in defaults
            if name.startswith(("history", "covisitation", "popularity"))
            and name.endswith("half_life_days")
        }
        assert all(sql[name] > 1_000_000 for name in half_lives)
        assert sql["history_items"] == sql["covisitation_window"] == 1_000_000
        assert sql["covisitation_backward_weight"] == 1


def test_reviewed_settings_are_used_and_win(plain, tmp_path):
    settings_file = tmp_path / "some.settings.yml"
    settings_file.write_text("sql:\n  history_items: 300\nals:\n  factors: 8\n")
    split = plant(plain, tmp_path / "home", settings_file)
    for log in (split.search, split.validation, split.final):
        reviewed = settings_of(log)
        assert reviewed.als.factors == 8
        assert reviewed.sql == {**TIMELESS, "history_items": 300}


@pytest.mark.parametrize("spelling", ["valid", "val", "Validation", "dev"])
def test_each_usual_spelling_of_validation_is_kept_from_training(tmp_path, spelling):
    folder = write_split(
        tmp_path / "spelled",
        f"""
        select u as user_id, i as item_id, ['Train', '{spelling}', 'TEST'][i] as split
        from range(20) as users(u), range(1, 4) as items(i)
        """,
    )
    split = plant(folder, tmp_path / "home")
    assert moments(split.search, folder) == {("Train", 1): 20, (spelling, 2): 20, ("TEST", 3): 20}
    assert {part for part, _ in moments(split.final, folder)} == {"Train", "TEST"}


def test_a_part_that_is_not_known_is_refused_and_not_trained_on(tmp_path):
    folder = write_split(
        tmp_path / "odd",
        "select i as user_id, i as item_id, ['train', 'test', 'holdout', null][i] as split "
        "from range(1, 5) as pairs(i)",
    )
    with pytest.raises(SplitError, match="whose split is 'holdout', None; known are train"):
        plant(folder, tmp_path / "home")


def test_a_log_with_times_is_no_fixed_split(tmp_path):
    folder = write_split(tmp_path / "log", "select 1 as user_id, 2 as item_id")
    assert not is_fixed_split(folder)
    with pytest.raises(SplitError, match="lacks the columns split"):
        plant(folder, tmp_path / "home")


def test_a_pair_that_is_trained_on_is_not_tested(tmp_path):
    folder = write_split(
        tmp_path / "both",
        """
        select 1 as user_id, 2 as item_id, unnest(['train', 'test']) as split
        union all
        values (1, 3, 'test'), (2, 3, 'train')
        """,
    )
    split = plant(folder, tmp_path / "home")
    assert moments(split.final, folder)["test", 3] == 1
    (note,) = split.notes
    assert note.startswith("1 of 2 test pairs are in train too and were left out")
    only = write_split(
        tmp_path / "only",
        "select 1 as user_id, 2 as item_id, unnest(['train', 'test']) as split",
    )
    with pytest.raises(SplitError, match=r"all 1 test pairs of .* are in train too"):
        plant(only, tmp_path / "home")


def happened(log):
    """Return `user_id, item_id, occurred_at` of a planted log, in order."""
    file = log.home / "events.parquet"
    query = f"select user_id, item_id, occurred_at from '{file}' order by user_id, occurred_at"
    return duckdb.sql(query).fetchall()


LEAVE_ONE_OUT = """
    select
        u as user_id,
        i as item_id,
        timestamp '2015-01-01' + to_days(u * 300 + i * i) as event_ts,
        case i when 5 then 'test' when 4 then 'valid' else 'train' end as split
    from range(3) as users(u), range(1, 6) as items(i)
"""


def test_a_split_that_leaves_out_last_pairs_keeps_the_order_and_each_users_own_end(tmp_path):
    folder = write_split(tmp_path / "last", LEAVE_ONE_OUT)
    split = plant(folder, tmp_path / "home")
    assert split.times.is_from_own_end
    for user in "012":
        mine = [(item, at) for one, item, at in happened(split.final) if one == user]
        assert [item for item, _ in mine] == ["1", "2", "3", "5"]
        # The newest pair to train on teaches. Steps are of three and five days: four are a day.
        assert [at.day for _, at in mine[1:]] == [1, 2, 3]
        assert mine[1][1] - mine[0][1] == timedelta(days=3 / 4)
    # The validation part takes the second day, and all pairs to train on come before.
    days = {(item, at.isoformat()[5:10]) for _, item, at in happened(split.search) if item in "345"}
    assert days == {("3", "01-01"), ("4", "01-02"), ("5", "01-03")}
    sql = settings_of(split.final).sql
    assert sql == {"training_cutoffs": 1}
    assert "the test lies after each user's training" in split.notes[0]


def test_a_split_at_one_moment_keeps_the_calendar(tmp_path):
    folder = write_split(
        tmp_path / "later",
        """
        select
            i % 10 as user_id,
            i as item_id,
            timestamp '2015-01-01' + to_days(i) as occurred_at,
            if(i < 100, 'train', 'test') as split
        from range(120) as pairs(i)
        """,
    )
    split = plant(folder, tmp_path / "home")
    assert split.times.is_timed
    assert not split.times.is_from_own_end
    rows = sorted(happened(split.final), key=lambda row: row[2])
    assert [int(item) for _, item, _ in rows[:100]] == list(range(100))
    first = [at for _, _, at in rows[:90]]
    # A user comes back every ten days, which become one.
    assert {later - earlier for earlier, later in pairwise(first)} == {timedelta(days=0.1)}
    assert {at.day for _, _, at in rows[90:100]} == {2}
    assert {at.day for _, _, at in rows[100:]} == {3}
    assert settings_of(split.final).sql == {"training_cutoffs": 1}


def test_times_that_are_not_there_for_all_are_not_used(tmp_path):
    folder = write_split(
        tmp_path / "some",
        f"select * replace (if(user_id = 0, null, event_ts) as event_ts) from ({LEAVE_ONE_OUT})",
    )
    split = plant(folder, tmp_path / "home")
    assert not split.times.is_timed
    assert split.notes == ("5 of 15 rows of events.parquet say no time, so none was used.",)
    assert settings_of(split.final).sql == TIMELESS


def test_a_split_without_test_pairs_is_refused(tmp_path):
    folder = write_split(tmp_path / "half", "select 1 as user_id, 2 as item_id, 'train' as split")
    with pytest.raises(SplitError, match="no rows whose split is 'test'"):
        plant(folder, tmp_path / "home")
