"""Experiments, measured once more on what has happened since the run of the sample."""

import json
import os
import shutil
import subprocess
from datetime import timedelta

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.settings import PROJECT_ROOT, Settings
from tests.integration.runs import command, query

pytestmark = pytest.mark.integration

LISTS = "from serving.rec_user_top_items order by all"
MOMENTS = "from intermediate.int_cutoffs order by all"
LEARNED = "select user_id, item_id, score from ml.ranked_candidates order by all"
OBSERVED = "select observed_until from experiments.exp_checks where experiment_id = 'history'"
ACTIVE = "select daily_user_count from experiments.ret_activity where active_date = '2026-03-01'"


@pytest.fixture
def later(summary, places, tmp_path):
    """Copy what the run left, with a log that goes on for a day with users who are new."""
    shutil.copytree(
        places.home,
        tmp_path / "sample",
        ignore=shutil.ignore_patterns("plots", "reports", "*.lock"),
    )
    source = PROJECT_ROOT / "seeds" / "sample" / "events.parquet"
    grown = tmp_path / "events.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                from '{source}'
                union all by name
                select
                    'later-' || range as event_id,
                    'newcomer-' || (range % 40) as user_id,
                    'i0001' as item_id,
                    'view' as event_type,
                    '2026-03-01 0' || (range % 9) || ':00:00' as occurred_at,
                    timestamp '2026-03-01 10:00:00' as loaded_at
                from range(80)
            ) to '{grown}'
            """
        )
    content = yaml.safe_load((PROJECT_ROOT / "mappings" / "sample.yml").read_text())
    content["mapping"]["events"]["relation"] = str(grown)
    content["mapping"]["as_of"] = "2026-03-02 00:00:00"
    mapping = tmp_path / "later.yml"
    mapping.write_text(yaml.safe_dump(content))
    return Settings(home=tmp_path, mapping=str(mapping))


def test_what_was_measured_goes_on_and_what_was_learned_stays(later):
    mine = later.places("sample")
    before = [query(mine.warehouse, sql) for sql in (LISTS, MOMENTS, LEARNED)]
    ((observed,),) = query(mine.snapshot, OBSERVED)
    assert query(mine.snapshot, ACTIVE) == []

    measured = subprocess.run(
        command("measure", "--json"),
        cwd=PROJECT_ROOT,
        env={**os.environ, **later.environment()},
        capture_output=True,
        text=True,
    )
    assert measured.returncode == 0, measured.stderr
    assert [query(mine.warehouse, sql) for sql in (LISTS, MOMENTS, LEARNED)] == before
    assert query(mine.snapshot, LISTS) == before[0]
    assert query(mine.snapshot, OBSERVED) == [(observed + timedelta(days=1),)]
    assert query(mine.snapshot, ACTIVE) == [(40,)]
    words = {row["experiment_id"]: row["words"] for row in json.loads(measured.stdout)["verdicts"]}
    assert words["history"].startswith("Two halves")


def test_without_a_run_there_is_nothing_to_measure(tmp_path):
    refused = CliRunner().invoke(app, ["measure"], env=Settings(home=tmp_path).environment())
    assert refused.exit_code == 1
    assert (
        "published.duckdb does not exist; `topshelf run --mapping sample` makes it"
        in refused.output
    )
