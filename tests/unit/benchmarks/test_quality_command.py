import pandas as pd
import pytest
from typer.testing import CliRunner

from benchmarks.quality.__main__ import app
from benchmarks.quality.timed_log import log_seconds, order_notes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--k", "101"], "should be less than or equal to 100"),
        (["--part", "neighbors"], "must be one of sql, als, blend, neighbours"),
        (["--part", "als"], "add --search TRIALS"),
        (["online_retail", "--horizon", "7"], "online_retail has a mapping"),
        (["deskdrop", "--repeats"], "leave out --repeats"),
        (["deskdrop", "--k", "5"], "leave out --k,"),
        (["deskdrop", "--search", "3", "--part", "sql"], "leave out --search, --part,"),
        (["deskdrop", "--search", "3"], "`topshelf tune --mapping deskdrop`"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_before_anything_is_built(arguments, message):
    outcome = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert outcome.exit_code != 0
    assert message in outcome.output
    assert outcome.stdout == ""


def test_options_that_a_fixed_split_has_no_use_for_are_refused(tmp_path):
    columns = {"user_id": ["u"], "item_id": ["i"], "split": ["train"]}
    pd.DataFrame(columns).to_parquet(tmp_path / "events.parquet")
    outcome = CliRunner().invoke(app, [str(tmp_path), "--horizon", "7", "--repeats"])
    assert outcome.exit_code == 1
    assert "is a fixed split" in outcome.stderr
    assert "leave out --horizon, --repeats" in outcome.stderr


def test_a_log_without_a_mapping_needs_one_before_its_settings_are_searched(tmp_path):
    columns = {"user_id": ["u"], "item_id": ["i"], "event_type": ["view"]}
    pd.DataFrame(columns).to_parquet(tmp_path / "events.parquet")
    outcome = CliRunner().invoke(app, [str(tmp_path), "--search", "3"])
    assert outcome.exit_code == 1
    assert "write a mapping NAME for it, and `topshelf tune --mapping NAME`" in outcome.stderr


def test_fitting_and_scoring_of_a_log_are_told_apart_for_every_system():
    models = {
        "cnd_popular_items": 1.0,
        "evl_popular_offers": 2.0,
        "cnd_item_neighbours": 4.0,
        "cnd_user_covisited": 8.0,
        "cnd_user_repeats": 16.0,
        "rnk_candidates": 32.0,
        "rnk_signals": 64.0,
        "rnk_blends": 128.0,
        "rnk_frame": 256.0,
        "factorisations": 512.0,
        "candidates": 1024.0,
        "ranker_choices": 2048.0,
        "ranked_candidates": 4096.0,
    }
    assert log_seconds(models) == {
        "most_popular": {"fit": 1.0, "score": 2.0},
        "decayed_popular": {"fit": 1.0, "score": 2.0},
        "covisitation": {"fit": 4.0, "score": 8.0},
        "repeats": {"fit": 0, "score": 16.0},
        "blend": {"fit": 0, "score": 224.0},
        "als": {"fit": 512.0, "score": 1024.0},
        "two_stage": {"fit": 2304.0, "score": 4096.0},
    }


def test_what_ordered_the_measured_lists_is_told_apart_from_what_orders_the_served_ones():
    found = order_notes({"measured_order": "blend: too few users", "order": "als: won"})
    assert found == [
        "measured lists ordered by blend: too few users",
        "served lists ordered by als: won",
    ]
    assert order_notes({"measured_order": None, "order": None}) == []
