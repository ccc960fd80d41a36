import numpy as np
import pandas as pd
import pytest

from benchmarks.quality import cold_start
from benchmarks.quality.cold_start_log import Log
from ml.als import AlsParams
from ml.content import ContentParams, read_content

KINDS = ("hats", "shoes")
ITEMS = [f"{kind}{number}" for kind in KINDS for number in range(6)]


@pytest.fixture
def log():
    """Forty users who each touched all items of one category but one, in order."""
    rows = [
        (f"u{user:02}", item)
        for user in range(40)
        for item in ITEMS
        if item.startswith(KINDS[user % 2]) and int(item[-1]) != user % 6
    ]
    pairs = pd.DataFrame(rows, columns=["user_id", "item_id"])
    moments = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(len(pairs)), unit="h")
    items = pd.DataFrame({"item_id": ITEMS, "title": None, "attributes": None})
    contexts = pd.DataFrame(
        [(f"u{user:02}", "segment", KINDS[user % 2]) for user in range(40)],
        columns=["user_id", "name", "value"],
    )
    return Log(
        pairs=pairs.assign(weight=1.0),
        positive=pairs,
        firsts=pairs.assign(first_at=moments),
        items=items.assign(category=items["item_id"].str[:-1]),
        contexts=contexts,
        params=AlsParams(factors=2, iterations=3, regularization=0.1),
    )


@pytest.fixture
def fitted(monkeypatch):
    """Watch what the factorisation gets to see."""
    seen = []

    def watched(matrix, params):
        seen.append(matrix)
        return fit(matrix, params)

    fit = cold_start.fit_als
    monkeypatch.setattr(cold_start, "fit_als", watched)
    return seen


def test_nothing_is_learned_from_hidden_items_and_content_finds_them(log, fitted):
    hidden = np.array(["hats0", "shoes0"], dtype=object)
    content = read_content(log.items, ContentParams())
    judged = cold_start.judged_items(log, content, hidden, hidden, seed=0)
    (matrix,) = fitted
    assert set(matrix.item_ids) == set(ITEMS) - set(hidden)
    means = judged.groupby("system")["mrr_10"].mean()
    # Two items to order, and content knows which.
    assert means["content profile"] == means["30 nearest contents"] == 1
    assert means["random"] < 1


def test_nothing_is_learned_from_hidden_users_and_their_first_events_are_no_answer(log, fitted):
    intervals = cold_start.new_users(log, seed=1)
    (matrix,) = fitted
    held_out = set(log.pairs["user_id"]) - set(matrix.user_ids)
    assert 0 < len(held_out) < 20
    assert intervals["user_count"].unique().tolist() == [len(held_out)]
    means = intervals.loc[intervals["metric"] == "mrr_10"].set_index("system")["value"]
    # Who is known by the category's name, or by an event, needs no luck.
    assert means["context"] == means["after 3 events"] == 1
    assert means["random"] < 1


def test_lists_are_cut_from_scores_and_equal_scores_do_not_favour_the_first_id():
    users, items = np.array(["u1"]), np.array([f"i{number:02}" for number in range(40)])
    relevant = pd.DataFrame({"user_id": ["u1"], "item_id": ["i07"]})
    scores = {"best": np.arange(40.0)[None, :] == 7, "tied": np.zeros((1, 40))}
    scores = {name: values.astype(float) for name, values in scores.items()}
    judged = cold_start.judged(scores, users, items, relevant).set_index("system")
    assert judged.loc["best", "ndcg_10"] == 1
    first = pd.DataFrame({"user_id": ["u1"] * 10, "item_id": items[:10]})
    assert (
        cold_start.judged(scores, users, items, first).set_index("system")["recall_10"]["tied"] < 1
    )
