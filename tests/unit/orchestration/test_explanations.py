import duckdb
import numpy as np
import pandas as pd
import pytest

from ml.ranker_params import RankerParams
from ml.ranker_trees import ranker_tables
from ml.ranking import fit_ranker, score_frame
from orchestration.explanations import NotServedError, explained
from orchestration.terminal.explanations import explanation_view
from orchestration.terminal.streams import plain_console

SNAPSHOT = """
create schema staging;
create schema serving;
create schema ranking;
create schema ml;
create table staging.stg_catalog__items as
select * from (values ('lamp', 'Oak Lamp'), ('rug', 'Wool Rug'), ('cup', null))
as items (item_id, title);
create table serving.rec_popular_items as
select 'all' as segment, 1 as popularity_rank, unnest(['lamp', 'rug', 'cup', 'pan']) as item_id;
create table serving.rec_user_top_items as
select *, 'r1' as release_id, timestamp '2026-01-02' as generated_at from (values
    ('u1', 'lamp', 1, 0.25::double, 'als', 'Fits your history, most of all Wool Rug', 'rug', 2),
    ('u1', 'cup', 2, null, 'popular', 'Popular now', null, 0)
) as lists (
    user_id, item_id, recommended_rank, score, source, reason, evidence_item_id, evidence_count
);
create table ml.contributions as
select * from (values
    ('u1', 'lamp', 'rug', 0.5, 1, 2), ('u1', 'lamp', 'cup', 0.125, 2, 2),
    ('u2', 'lamp', 'pan', 9, 1, 1)
) as contributions (
    user_id, item_id, history_item_id, contribution, contribution_rank, history_count
);
create table ranking.rnk_frame as
select
    'u1' as user_id, 'lamp' as item_id, 'als' as source, 7::bigint as als_rank, 0.625 as als_score,
    3::bigint as covisited_rank, 1.5 as covisited_score, null::bigint as repeat_rank,
    null::double as repeat_score, true as is_seen, null::double as days_since_last;
comment on column ranking.rnk_frame.als_rank is 'Rank by matrix factorisation.';
create table ml.rankers as from ranker;
create table ml.ranker_trees as from trees;
create table ml.ranker_encodings as from encodings;
"""
FEATURES = ["als_rank", "als_score", "is_seen", "days_since_last"]


@pytest.fixture(scope="module")
def ranker():
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "als_rank": random.integers(1, 100, 3000),
            "als_score": random.uniform(0, 1, 3000),
            "is_seen": random.uniform(size=3000) < 0.5,
            "days_since_last": random.uniform(0, 30, 3000),
        }
    )
    frame.loc[::3, "days_since_last"] = np.nan
    labels = random.uniform(size=3000) < 0.5 * frame["als_score"] + 0.2 * frame["is_seen"]
    users = random.integers(0, 300, 3000).astype(str)
    params = RankerParams(iterations=30, learning_rate=0.2)
    return fit_ranker(frame, labels.to_numpy(), FEATURES, users, params)


@pytest.fixture
def connection(ranker):
    tables = ranker_tables(ranker)
    with duckdb.connect() as connection:
        connection.register("ranker", tables.ranker.assign(release_id="r1"))
        connection.register("trees", tables.trees)
        connection.register("encodings", tables.encodings)
        connection.execute(SNAPSHOT)
        yield connection


def test_the_features_sum_to_the_ranker_s_own_score(connection, ranker):
    part = explained(connection, "u1", "lamp")["ranker"]
    inputs = connection.execute("from ranking.rnk_frame").df()
    scored = score_frame(ranker, inputs).iloc[0]
    total = part["base_score"] + sum(row["shap_value"] for row in part["features"])
    assert total == pytest.approx(scored["raw_score"], abs=1e-9)
    assert part["raw_score"] == pytest.approx(scored["raw_score"], abs=1e-9)
    assert part["probability"] == pytest.approx(scored["score"], abs=1e-9)


def test_features_come_with_value_and_meaning_the_strongest_first(connection):
    features = explained(connection, "u1", "lamp")["ranker"]["features"]
    sizes = [abs(row["shap_value"]) for row in features]
    assert sizes == sorted(sizes, reverse=True)
    by_name = {row["feature"]: row for row in features}
    assert by_name["als_rank"]["value"] == 7
    assert by_name["als_rank"]["meaning"] == "Rank by matrix factorisation."
    assert by_name["is_seen"]["value"] is True
    assert by_name["days_since_last"]["value"] is None
    assert by_name["als_score"]["meaning"] is None


def test_the_sources_are_those_that_proposed_the_item_the_best_rank_first(connection):
    assert explained(connection, "u1", "lamp")["sources"] == [
        {"source": "covisitation", "rank": 3, "score": 1.5},
        {"source": "als", "rank": 7, "score": 0.625},
    ]


def test_the_history_is_that_of_the_pair_with_titles(connection):
    history = explained(connection, "u1", "lamp")["history"]
    assert [(row["item_id"], row["title"], float(row["contribution"])) for row in history] == [
        ("rug", "Wool Rug", 0.5),
        ("cup", None, 0.125),
    ]


def test_an_item_that_the_ranker_did_not_place_has_its_reason_alone(connection):
    answer = explained(connection, "u1", "cup")
    assert answer["reason"] == "Popular now"
    assert (answer["sources"], answer["history"], answer["ranker"]) == ([], [], None)


def test_without_a_ranker_there_is_nothing_to_take_apart(connection):
    connection.execute("delete from ml.rankers")
    assert explained(connection, "u1", "lamp")["ranker"] is None


@pytest.mark.parametrize(
    ("user", "item", "message"),
    [
        ("nobody", "lamp", "user 'nobody' is not known or has nothing left to be offered"),
        ("u1", "pan", "item 'pan' is not in the list of user 'u1': lamp, cup"),
        ("u1", "ufo", "item 'ufo' is not known or not available, and not in the list of user 'u1'"),
    ],
)
def test_what_is_not_served_is_said_to_be_so(connection, user, item, message):
    with pytest.raises(NotServedError, match=message):
        explained(connection, user, item)


def shown(answer, limit):
    console = plain_console()
    console.width = 160
    with console.capture() as capture:
        console.print(explanation_view(answer, limit))
    return capture.get()


def test_the_terminal_shows_all_parts_and_sums_up_the_features_left_out(connection):
    answer = explained(connection, "u1", "lamp")
    text = shown(answer, limit=1)
    assert "Oak Lamp (lamp) is number 1 in the list of u1: Fits your history" in text
    assert "together they add up to 0.6250" in text
    assert "+0.5000" in text
    left = sum(row["shap_value"] for row in answer["ranker"]["features"][1:])
    assert f"{left:+.3f}" in text
    assert "3 others" in text
    assert "others" not in shown(answer, limit=4)


def test_the_score_and_the_probability_are_told_with_what_lies_between_them(connection):
    answer = explained(connection, "u1", "lamp")
    # exp(1.278) is 3.589, and 1 / 4.589 is 0.2179.
    answer["ranker"].update(base_score=-1.5, raw_score=-1.278, probability=0.0573)
    told = " ".join(shown(answer, limit=1).split())
    assert (
        "-1.278 in all, which is 0.2179 among the rows it learned from, where negatives are "
        "sampled; calibrated among all candidates: 0.0573"
    ) in told


def test_the_terminal_says_when_the_ranker_had_no_part(connection):
    assert "did not place this item" in shown(explained(connection, "u1", "cup"), limit=3)


def test_the_terminal_shows_ids_and_titles_as_they_are(connection):
    answer = explained(connection, "u1", "lamp")
    answer["history"][0].update(item_id="x[/y]", title="Mug [red] :gem:")
    text = shown({**answer, "item_id": "shop:id:77", "title": "[/b]"}, limit=1)
    assert "[/b] (shop:id:77) is number 1" in text
    assert "x[/y]  Mug [red] :gem:" in text.replace("   ", "  ")


def test_the_command_that_is_offered_can_be_copied(connection):
    with pytest.raises(NotServedError, match="""`topshelf recommend 'o'"'"'brien'` shows"""):
        explained(connection, "o'brien", "lamp")
