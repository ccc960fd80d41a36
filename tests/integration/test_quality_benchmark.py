"""The benchmark, whole, on a fixed split that numpy can rank, and on a log without a mapping."""

import json
import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ndcg_score

from orchestration.settings import PROJECT_ROOT

pytestmark = pytest.mark.integration
K = 20


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """Two tastes: users of each half take items of their half, popular ones more often."""
    folder = tmp_path_factory.mktemp("data") / "tastes"
    folder.mkdir()
    random = np.random.default_rng(5)
    rows = []
    for user in range(120):
        chances = 1 / (1 + np.arange(60))
        items = random.choice(60, size=12, replace=False, p=chances / chances.sum())
        rows += [
            (f"u{user}", f"i{(user % 2) * 60 + item}", "test" if place < 3 else "train")
            for place, item in enumerate(items)
        ]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "split"])
    frame.to_parquet(folder / "events.parquet")
    return folder, frame


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Write the same two tastes as a log of 60 days; every fifth event is a like."""
    folder = tmp_path_factory.mktemp("data") / "journal"
    folder.mkdir()
    random = np.random.default_rng(6)
    chances = 1 / (1 + np.arange(40))
    rows = []
    for user in range(60):
        items = random.choice(40, size=16, replace=False, p=chances / chances.sum())
        rows += [
            {
                "user_id": user,
                "item_id": f"i{(user % 2) * 40 + item}",
                "event_type": "like" if place % 5 == 0 else "view",
                "event_ts": pd.Timestamp("2024-01-01") + pd.Timedelta(hours=1440 * random.random()),
                "value": 1.0,
            }
            for place, item in enumerate(items)
        ]
    pd.DataFrame(rows).to_parquet(folder / "events.parquet")
    items = pd.DataFrame({"item_id": [f"i{item}" for item in range(80)]})
    items.assign(title=items["item_id"].str.upper()).to_parquet(folder / "items.parquet")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def results(split, log, home):
    """Measure both with one command, the small log after the split.

    Twenty items and the last seven days are what is judged by default.
    """
    folder, _ = split
    options = ["--home", str(home), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.quality", str(folder), str(log), *options],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def measured(results):
    return pd.DataFrame(results[0]["rows"]).set_index(["system", "metric"])


def test_every_system_is_measured_with_its_interval_and_its_seconds(results):
    systems = {"most_popular", "decayed_popular", "covisitation", "als", "blend", "two_stage"}
    for result, others in zip(results, (set(), {"repeats"}), strict=True):
        rows = pd.DataFrame(result["rows"])
        assert set(rows["system"]) == systems | others
        assert (rows["lower"] <= rows["value"]).all()
        assert (rows["value"] <= rows["upper"]).all()
        assert (rows[["fit_seconds", "score_seconds"]].sum(axis=1) > 0).all()
        learned = rows[rows["system"].isin(["als", "two_stage", "covisitation"])]
        assert (learned[["fit_seconds", "score_seconds"]] > 0).all(axis=None)
        assert result["peak_bytes"] > 100 * 2**20


def test_what_was_assumed_of_a_log_is_said(results, log):
    reach, assumed = results[1]["notes"][-2:]
    assert "journal has no mapping" in assumed
    assert "view 720, like 240" in assumed
    assert "every event is a success" in assumed
    assert "the last 7 days (--horizon)" in assumed
    # By hand: firsts of the last seven days, and whether anybody had touched the item before.
    frame = pd.read_parquet(log / "events.parquet")
    cutoff = frame["event_ts"].max().normalize() - pd.Timedelta(days=6)
    past, late = frame[frame["event_ts"] < cutoff], frame[frame["event_ts"] >= cutoff]
    late = late[late["user_id"].isin(past["user_id"])]
    is_known = late["item_id"].isin(past["item_id"])
    users, reachable = late["user_id"].nunique(), late.loc[is_known, "user_id"].nunique()
    assert f"{(~is_known).mean():.0%} of {len(late)} pairs" in reach
    assert f"{reachable} of {users} users" in reach


def test_taste_beats_popularity(measured):
    assert measured.loc[("als", "ndcg_20"), "value"] > (
        1.2 * measured.loc[("most_popular", "ndcg_20"), "value"]
    )


def test_nothing_is_popular_for_being_later(measured):
    """All pairs to train on are equally old, though some of them teach the ranker."""
    values = measured["value"]
    assert values["decayed_popular"].equals(values["most_popular"])


def test_most_popular_is_what_numpy_and_scikit_learn_make_of_it(split, measured):
    """Full ranking, training items removed, ties by item_id."""
    _, frame = split
    train = frame[frame["split"] == "train"]
    items = np.sort(frame["item_id"].unique())
    counts = train["item_id"].value_counts().reindex(items, fill_value=0).to_numpy()
    score = np.empty(len(items))
    score[np.lexsort((items, -counts))] = np.arange(len(items), 0, -1)
    # Items that nobody took cannot be recommended, so they rank last.
    score[counts == 0] = 0.0
    scores = pd.DataFrame([score] * 120, [f"u{user}" for user in range(120)], items)
    recall, gain = judged(frame, scores)
    assert measured.loc[("most_popular", "recall_20"), "value"] == pytest.approx(recall)
    assert measured.loc[("most_popular", "ndcg_20"), "value"] == pytest.approx(gain)


def test_als_is_what_numpy_and_scikit_learn_make_of_its_factors(split, home, measured):
    """Every product of the factors that were fitted on all training pairs, ranked in full."""
    _, frame = split
    warehouse = home / "tastes" / "final" / "fixed_split" / "warehouse.duckdb"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        users, items = (
            connection.execute(
                "select entity_id, factors from ml.factors "
                "where cutoff_at = timestamp '2000-01-03' and entity = ? order by entity_id",
                [entity],
            ).df()
            for entity in ("user", "item")
        )
    products = np.stack(users["factors"]) @ np.stack(items["factors"]).T
    # Ranks are positive, as products need not be.
    ranks = pd.DataFrame(products, users["entity_id"], items["entity_id"]).rank(axis=1)
    scores = ranks.reindex(columns=np.sort(frame["item_id"].unique()), fill_value=0.0)
    recall, gain = judged(frame, scores)
    assert measured.loc[("als", "recall_20"), "value"] == pytest.approx(recall)
    assert measured.loc[("als", "ndcg_20"), "value"] == pytest.approx(gain)


def judged(frame, scores):
    """Return mean recall and nDCG, by means that the benchmark does not use.

    `scores` has a row a user and a column an item; 0 is no recommendation, and so is a training
    item.
    """
    recalls, gains = [], []
    train, test = frame[frame["split"] == "train"], frame[frame["split"] == "test"]
    for user, wanted in test.groupby("user_id")["item_id"]:
        seen = scores.columns.isin(train.loc[train["user_id"] == user, "item_id"])
        mine = np.where(seen, 0.0, scores.loc[user])
        relevant = scores.columns.isin(wanted)
        top = np.argsort(-mine, kind="stable")[:K]
        top = top[mine[top] > 0]
        recalls.append(relevant[top].sum() / relevant.sum())
        gains.append(ndcg_score([relevant], [mine], k=K))
    return np.mean(recalls), np.mean(gains)
