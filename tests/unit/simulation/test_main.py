import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from simulation.__main__ import app, describe
from simulation.writing import LogSummary


@pytest.fixture
def run():
    return lambda *arguments: CliRunner().invoke(app, [str(part) for part in arguments])


def test_a_log_of_the_given_size_is_written_with_progress_and_summary(run, tmp_path):
    sizes = ["--users", 30, "--items", 20, "--days", 10, "--seed", 3]
    result = run("--out", tmp_path / "log", "--truth", tmp_path / "truth", *sizes)
    assert result.exit_code == 0, result.output
    events = pq.read_metadata(tmp_path / "log" / "events.parquet").num_rows
    assert f"day 10 of 10: {events:,} events" in result.output
    assert f"{events:,} events," in result.stdout
    assert pq.read_metadata(tmp_path / "log" / "users.parquet").num_rows == 30
    assert (tmp_path / "truth" / "dirty_rows.parquet").exists()


def test_the_folder_is_asked_for(run):
    result = run("--users", 3)
    assert result.exit_code == 2
    assert "--out is missing" in result.output


@pytest.mark.parametrize("command", [[], ["sample"]])
def test_the_truth_does_not_take_the_place_of_the_log(run, tmp_path, command):
    (tmp_path / "other").mkdir()
    same = tmp_path / "other" / ".." / "log"
    result = run(*command, "--out", tmp_path / "log", "--truth", same)
    assert result.exit_code == 2
    assert "name two folders" in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "log").exists()


def test_a_size_below_one_is_refused(run, tmp_path):
    assert run("--out", tmp_path, "--days", 0).exit_code == 2


def test_the_sample_is_written_where_asked(run, tmp_path):
    result = run("sample", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert sorted(path.stem for path in tmp_path.iterdir()) == [
        "events",
        "impressions",
        "items",
        "users",
    ]


def test_the_summary_for_people():
    text = describe(LogSummary(2_000, 5_000, {"late": 30, "bot": 1_200}), seconds=0.5)
    assert text.splitlines() == [
        "2,000 events, 5,000 impressions in 0.5 s (4,000 events/s)",
        "               bot 1,200",
        "              late 30",
    ]
