import pytest

from orchestration.files import replacing


def test_a_new_file_takes_the_place_of_the_old_one(tmp_path):
    target = tmp_path / "lists.txt"
    target.write_text("old")
    with replacing(target) as path:
        path.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["lists.txt"]


def test_the_old_file_stays_when_the_new_one_fails(tmp_path):
    target = tmp_path / "lists.txt"
    target.write_text("old")

    def fail_halfway():
        with replacing(target) as path:
            path.write_text("ne")
            raise RuntimeError("out of ideas")

    with pytest.raises(RuntimeError, match="out of ideas"):
        fail_halfway()
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["lists.txt"]


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path):
    target = tmp_path / "published.duckdb"
    for leftover in ("published.duckdb.77.unfinished", "published.duckdb.77.unfinished.wal"):
        (tmp_path / leftover).write_text("half a file")
    spilled = tmp_path / "published.duckdb.77.unfinished.tmp"
    spilled.mkdir()
    (spilled / "duckdb_temp_storage_DEFAULT-0.tmp").write_text("what did not fit into memory")
    (tmp_path / "published.duckdb.backup").write_text("mine")
    with replacing(target) as path:
        path.write_text("whole")
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"published.duckdb", "published.duckdb.backup"}


def test_a_name_that_is_a_pattern_stands_for_itself_only(tmp_path):
    leftovers = [f"{name}.html.77.unfinished" for name in ("price[2]", "price2", "price*")]
    for leftover in leftovers:
        (tmp_path / leftover).write_text("half a file")
    for name in ("price[2]", "price*"):
        with replacing(tmp_path / f"{name}.html") as path:
            path.write_text("whole")
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"price[2].html", "price*.html", "price2.html.77.unfinished"}


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "lists.txt"):
        pass
