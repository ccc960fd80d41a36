from pathlib import Path

import duckdb
import pytest

from benchmarks.quality.fixed_split import SplitError, is_fixed_split, plant
from orchestration.mapping import load_mapping

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


def test_both_logs_have_a_mapping_and_the_reviewed_settings(plain, tmp_path):
    settings_file = tmp_path / "some.settings.yml"
    settings_file.write_text("als:\n  factors: 8\n")
    split = plant(plain, tmp_path / "home", settings_file)
    for settings in (split.search, split.final):
        mapping = load_mapping(settings.mapping, settings.project_root)
        assert mapping.horizon_days == 1
        beside = Path(settings.mapping).with_name("fixed_split.settings.yml")
        assert beside.read_text() == settings_file.read_text()


def test_a_log_with_times_is_no_fixed_split(tmp_path):
    folder = write_split(tmp_path / "log", "select 1 as user_id, 2 as item_id")
    assert not is_fixed_split(folder)
    with pytest.raises(SplitError, match="lacks the columns split"):
        plant(folder, tmp_path / "home")


def test_a_pair_may_not_be_trained_on_and_tested(tmp_path):
    folder = write_split(
        tmp_path / "leak",
        "select 1 as user_id, 2 as item_id, unnest(['train', 'test']) as split",
    )
    with pytest.raises(SplitError, match=r"1 pairs of .* are in train and in test"):
        plant(folder, tmp_path / "home")


def test_a_split_without_test_pairs_is_refused(tmp_path):
    folder = write_split(tmp_path / "half", "select 1 as user_id, 2 as item_id, 'train' as split")
    with pytest.raises(SplitError, match="no rows whose split is 'test'"):
        plant(folder, tmp_path / "home")
