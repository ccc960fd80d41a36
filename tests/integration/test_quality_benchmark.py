"""The benchmark of fixed splits, whole, on a split small enough to be ranked by hand in numpy."""

import json
import subprocess
import sys

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
def measured(split):
    folder, _ = split
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.quality", str(folder), "--k", str(K), "--json"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])
    return pd.DataFrame(rows).set_index(["system", "metric"])


def test_every_system_is_measured_with_its_interval_and_its_seconds(measured):
    systems = {system for system, _ in measured.index}
    assert systems == {
        "most_popular",
        "decayed_popular",
        "covisitation",
        "als",
        "blend",
        "two_stage",
    }
    assert (measured["lower"] <= measured["value"]).all()
    assert (measured["value"] <= measured["upper"]).all()
    assert (measured[["fit_seconds", "score_seconds"]].sum(axis=1) > 0).all()


def test_taste_beats_popularity(measured):
    assert measured.loc[("als", "ndcg_20"), "value"] > (
        1.2 * measured.loc[("most_popular", "ndcg_20"), "value"]
    )


def test_most_popular_is_what_numpy_and_scikit_learn_make_of_it(split, measured):
    """Full ranking, training items removed, ties by item_id."""
    _, frame = split
    train, test = frame[frame["split"] == "train"], frame[frame["split"] == "test"]
    items = np.sort(frame["item_id"].unique())
    counts = train["item_id"].value_counts().reindex(items, fill_value=0).to_numpy()
    order = np.lexsort((items, -counts))
    score = np.empty(len(items))
    score[order] = np.arange(len(items), 0, -1)
    recalls, gains = [], []
    for user, wanted in test.groupby("user_id")["item_id"]:
        seen = np.isin(items, train.loc[train["user_id"] == user, "item_id"])
        # Items that nobody took cannot be recommended, so they rank last.
        mine = np.where(seen | (counts == 0), 0.0, score)
        relevant = np.isin(items, wanted)
        top = np.argsort(-mine, kind="stable")[:K]
        top = top[mine[top] > 0]
        recalls.append(relevant[top].mean() * len(top) / relevant.sum())
        gains.append(ndcg_score([relevant], [mine], k=K))
    assert measured.loc[("most_popular", "recall_20"), "value"] == pytest.approx(np.mean(recalls))
    assert measured.loc[("most_popular", "ndcg_20"), "value"] == pytest.approx(np.mean(gains))
