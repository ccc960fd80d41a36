import numpy as np
import pandas as pd
import pytest

from ml.als import AlsParams, fit_als
from ml.candidates import score_pairs
from ml.factors import factor_blocks
from ml.interactions import build_interaction_matrix


@pytest.fixture
def matrix():
    rows = [(f"u{user}", f"i{item}", 1.0 + item) for user in range(5) for item in range(user, 7)]
    return build_interaction_matrix(pd.DataFrame(rows, columns=["user_id", "item_id", "weight"]))


@pytest.mark.parametrize("block_rows", [1, 3, 100])
def test_the_product_of_two_vectors_is_the_score_of_the_pair(matrix, block_rows):
    model = fit_als(matrix, AlsParams(factors=3, regularization=0.1, seed=5))
    rows = pd.concat(factor_blocks(model, matrix, block_rows))
    vectors = rows.set_index(["entity", "entity_id"])["factors"]
    pairs = [(user, item) for user in matrix.user_ids for item in matrix.item_ids]
    products = [vectors["user", user] @ vectors["item", item] for user, item in pairs]
    users, items = (np.array(ids) for ids in zip(*pairs, strict=True))
    np.testing.assert_allclose(products, score_pairs(model, matrix, users, items), rtol=1e-5)
    assert len(rows) == matrix.user_ids.size + matrix.item_ids.size
