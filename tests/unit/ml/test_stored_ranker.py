from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.calibration import calibrate
from ml.ranker_params import RankerParams
from ml.ranker_trees import ranker_tables, stored_calibrator
from ml.ranking import fit_ranker, score_frame
from ml.stored_ranker import StoredRanker, Trees, trees_of

FEATURES = ["age", "score", "count"]


@pytest.fixture(scope="module", params=[1, 3])
def ranker(request):
    random = np.random.default_rng(3)
    frame = pd.DataFrame(random.normal(size=(6000, 3)), columns=FEATURES)
    frame = frame.mask(random.random(frame.shape) < 0.2)
    odds = frame["age"].fillna(1.0) - frame["score"].fillna(-1.0) ** 2
    labels = (random.logistic(size=len(frame)) < odds).to_numpy()
    users = np.array([f"u{row // 10}" for row in range(len(frame))])
    params = RankerParams(iterations=40, leaf_rows=40, max_features=1.0, fits=request.param)
    return fit_ranker(frame, labels, FEATURES, users, params)


@pytest.fixture(scope="module")
def stored(ranker):
    tables = ranker_tables(ranker)
    trees = trees_of(tables.trees, FEATURES, tables.ranker["base_score"][0])
    return StoredRanker(trees, stored_calibrator(tables), tuple(FEATURES))


def test_scores_are_those_of_the_fitted_ranker(ranker, stored):
    random = np.random.default_rng(4)
    inputs = random.normal(scale=3, size=(5000, 3))
    inputs[random.random(inputs.shape) < 0.3] = np.nan
    inputs[:3] = [[np.inf, -np.inf, np.nan]] * 3
    # Values that lie on a threshold go left, in both.
    thresholds = stored.trees.thresholds[stored.trees.features >= 0][:200]
    inputs[100 : 100 + thresholds.size] = thresholds[:, None]
    expected = score_frame(ranker, pd.DataFrame(inputs, columns=FEATURES))
    assert np.abs(stored.raw_scores(inputs) - expected["raw_score"]).max() < 1e-9
    assert np.abs(stored.score(inputs) - expected["score"]).max() < 1e-9
    assert np.ptp(expected["score"]) > 0.2


def test_rows_of_nodes_may_come_in_any_order(ranker, stored):
    tables = ranker_tables(ranker)
    shuffled = tables.trees.sample(frac=1, random_state=0)
    trees = trees_of(shuffled, FEATURES, tables.ranker["base_score"][0])
    inputs = np.random.default_rng(5).normal(size=(50, 3))
    again = StoredRanker(trees, stored.calibrator, stored.features)
    assert (again.raw_scores(inputs) == stored.raw_scores(inputs)).all()


def test_without_trees_the_base_score_is_left(ranker, stored):
    trees = trees_of(ranker_tables(ranker).trees.iloc[:0], FEATURES, -1.5)
    empty = StoredRanker(trees, stored.calibrator, stored.features)
    assert empty.raw_scores(np.zeros((2, 3))).tolist() == [-1.5, -1.5]
    assert empty.score(np.zeros((1, 3))) == calibrate(stored.calibrator, np.array([-1.5]))


def test_no_rows_have_no_scores(stored):
    assert stored.score(np.empty((0, 3))).size == 0


def test_refuses_rows_of_another_width(stored):
    with pytest.raises(ValueError, match=r"3 columns, got shape \(2, 4\)"):
        stored.score(np.zeros((2, 4)))


def test_refuses_trees_that_ask_for_something_else(ranker):
    with pytest.raises(ValueError, match=r"\['count'\]"):
        trees_of(ranker_tables(ranker).trees, FEATURES[:2], 0.0)


# Two trees: a root with two leaves, and one whose left leaf is split once more.
TREES = Trees(
    starts=np.array([0, 3, 8]),
    features=np.array([0, -1, -1, 1, 0, -1, -1, -1], dtype=np.int32),
    thresholds=np.zeros(8),
    is_missing_left=np.zeros(8, dtype=np.uint8),
    left=np.array([1, -1, -1, 4, 6, -1, -1, -1], dtype=np.int32),
    right=np.array([2, -1, -1, 5, 7, -1, -1, -1], dtype=np.int32),
    values=np.arange(8.0),
    base_score=0.0,
)


def test_the_deepest_leaf_counts():
    assert TREES.depths.tolist() == [1, 2]


def changed(name: str, place: int, value: int) -> dict[str, np.ndarray]:
    array = getattr(TREES, name).copy()
    array[place] = value
    return {name: array}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (changed("left", 0, 3), "1 nodes must follow"),
        (changed("right", 0, -1), "1 nodes must follow"),
        (changed("left", 4, 3), "1 nodes must follow"),
        (changed("left", 4, 4), "1 nodes must follow"),
        (changed("right", 4, 2**31 - 1), "1 nodes must follow"),
        # From one node two ways lead to the next: every step down would double them.
        (changed("right", 4, 6), "one way must lead to a node, not so to 2"),
        (changed("features", 5, 0), "2 nodes must follow"),
        (changed("features", 0, -1), "one way must lead to a node, not so to 2"),
        ({"left": TREES.left[:-1]}, "a node must have a number in each array"),
        (changed("starts", 0, 1), "share 8 nodes"),
        (changed("starts", 2, 9), "share 8 nodes"),
        (changed("starts", 1, 8), "none may be without"),
        (changed("starts", 1, -1), "none may be without"),
        ({"starts": np.empty(0, dtype=np.int64)}, "share 8 nodes"),
    ],
)
def test_nodes_that_are_no_trees_are_refused(damage, words):
    with pytest.raises(ValueError, match=words):
        replace(TREES, **damage)


def test_refuses_trees_that_read_beyond_their_inputs(stored):
    with pytest.raises(ValueError, match="column 1, of inputs of 1"):
        StoredRanker(TREES, stored.calibrator, ("age",))
