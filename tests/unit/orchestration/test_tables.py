import io

from orchestration.summary import Summary
from orchestration.terminal.streams import plain_console
from orchestration.terminal.tables import evaluation_tables, list_cost_table, summary_text


def shown(renderable):
    stream = io.StringIO()
    console = plain_console(file=stream)
    console.width = 80
    console.print(renderable, crop=False)
    return stream.getvalue()


def row(system, metric, value, setting="new_items", lower=None, upper=None):
    return {
        "setting": setting,
        "system": system,
        "metric": metric,
        "value": value,
        "lower": lower,
        "upper": upper,
        "user_count": 1200,
    }


ROWS = [
    row("two_stage", "ndcg_10", 0.3, lower=0.25, upper=0.35),
    row("two_stage", "recall_10", 0.4),
    row("two_stage", "mrr_10", 0.5),
    row("covisitation", "ndcg_10", 0.2),
    row("covisitation", "recall_10", 0.3),
    row("covisitation", "mrr_10", 0.4),
]


def test_systems_stand_beside_the_best_that_sql_alone_makes():
    text = shown(evaluation_tables(ROWS))
    assert "new items only: means over 1,200 users, 95% intervals" in text
    (ranker,) = [line for line in text.splitlines() if line.startswith("two_stage")]
    assert ranker.split() == ["two_stage", "0.300", ".250-.350", "0.400", "0.500", "+50%"]
    assert "repeats allowed: nothing to evaluate" in text


def test_a_baseline_of_zero_gives_no_lift():
    rows = [{**entry, "value": 0.0} for entry in ROWS]
    assert "%" not in shown(evaluation_tables(rows)).replace("95%", "")


def test_a_log_without_a_test_period_says_so():
    assert "Nothing was evaluated" in shown(evaluation_tables([]))
    assert "Nothing was evaluated" in shown(list_cost_table([]))


def summary(**changes):
    values = {
        "accepted": 900,
        "rejected": {"repeated": 90, "missing_user": 10},
        "users": 50,
        "items": 20,
        "last_event_at": "2026-02-28 10:00:00",
        "cutoffs": [
            {
                "role": "evaluate",
                "cutoff_at": "2026-02-15 00:00:00",
                "label_until": "2026-03-01 00:00:00",
            },
            {"role": "serve", "cutoff_at": "2026-03-01 00:00:00", "label_until": None},
        ],
        "order": "ranker: nDCG@10 0.285 of 281 users, blend 0.259",
        "measured_order": "blend: nothing was judged",
        "release_id": "r1",
        "listed_users": 50,
        "listed_items": 1000,
        "evaluation": ROWS,
        "example_user_id": "u7",
        "example_item_id": "i7",
    }
    return Summary(**{**values, **changes})


def test_the_summary_says_what_came_in_and_what_came_out():
    text = shown(summary_text(summary(), "/data/sample/published.duckdb", 61.4))
    assert "Done in 61 s." in text
    assert "1,000, 900 accepted" in text
    assert "100 (repeated 90, missing_user 10)" in text
    assert "2026-02-15 to 2026-03-01" in text
    assert "ranker: nDCG@10 0.285 of 281 users, blend 0.259" in text
    assert "measured with blend: nothing was judged" in " ".join(text.split())
    assert "select * from recommend('u7');" in text
    assert "/data/sample/published.duckdb" in text


def test_an_empty_log_has_a_summary_too():
    empty = summary(
        accepted=0,
        rejected={},
        users=0,
        items=0,
        last_event_at=None,
        cutoffs=[],
        order=None,
        measured_order=None,
        evaluation=[],
        example_user_id=None,
        example_item_id=None,
    )
    text = shown(summary_text(empty, "published.duckdb", 1.0))
    assert "Nothing was evaluated" in text
    assert "select * from recommend('u1');" in text


def test_the_queries_can_be_copied_whatever_the_ids_are():
    user, item = "o'brien [red] :id:", "x[/y]" * 30
    text = shown(
        summary_text(summary(example_user_id=user, example_item_id=item), "published.duckdb", 1.0)
    )
    assert "select * from recommend('o''brien [red] :id:');" in text
    assert f"select * from similar_items('{item}');" in text


def test_paths_are_shown_whole():
    path = "/data/[red]/" + 30 * ":id:/"
    text = shown(summary_text(summary(), path, 1.0, "shop[/b].settings.yml"))
    assert path in "".join(text.split())
    assert "shop[/b].settings.yml" in text
