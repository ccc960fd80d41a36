import numpy as np
import pandas as pd
import pytest

from ml.als import AlsModel, AlsParams
from ml.content import ContentParams, read_content
from ml.interactions import build_interaction_matrix
from ml.new_items import new_item_blocks, new_item_vectors


@pytest.fixture
def matrix():
    pairs = pd.DataFrame({"user_id": ["u1", "u2"], "item_id": ["hat", "shoe"], "weight": 1.0})
    return build_interaction_matrix(pairs)


@pytest.fixture
def model():
    users = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    items = np.array([[2.0, 0.0], [0.0, 4.0]], dtype=np.float32)
    return AlsModel(users, items, AlsParams(factors=2))


@pytest.fixture
def content():
    items = pd.DataFrame(
        [
            ("hat", None, "hats", None),
            ("shoe", None, "shoes", None),
            ("new_hat", None, "hats", None),
            ("new_pair", None, "shoes", None),
            ("silent", None, None, None),
        ],
        columns=["item_id", "title", "category", "attributes"],
    )
    return read_content(items, ContentParams(fewest_items=1))


NEW = np.array(["silent", "new_pair", "hat", "new_hat"], dtype=object)


def test_new_items_stand_where_those_of_the_same_content_do(model, matrix, content):
    item_ids, vectors = new_item_vectors(model, matrix, content, NEW)
    # hat is not new, and nothing is said of silent.
    assert item_ids.tolist() == ["new_hat", "new_pair"]
    assert vectors.tolist() == [[2, 0], [0, 4]]


def test_each_user_is_offered_the_new_items_that_suit_best(model, matrix, content):
    frame = pd.concat(new_item_blocks(model, matrix, content, NEW, limit=1))
    columns = ["user_id", "item_id", "candidate_rank", "candidate_score"]
    assert frame[columns].to_numpy().tolist() == [
        ["u1", "new_hat", 1, 2.0],
        ["u2", "new_pair", 1, 4.0],
    ]
    only = pd.concat(new_item_blocks(model, matrix, content, NEW, 5, np.array(["u2"])))
    assert only["item_id"].tolist() == ["new_pair", "new_hat"]


def test_without_new_items_there_are_no_candidates(model, matrix, content):
    known = np.array(["hat", "silent"], dtype=object)
    assert list(new_item_blocks(model, matrix, content, known, limit=5)) == []
