import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_matrix

from ml.als import AlsModel, AlsParams
from ml.interactions import InteractionMatrix
from ml.proposals import proposal_blocks


def matrix_of(seen):
    users, items = (
        np.array([f"{letter}{n:02d}" for n in range(size)], dtype=object)
        for letter, size in zip("ui", seen.shape, strict=True)
    )
    return InteractionMatrix(csr_matrix(seen.astype(np.float32)), users, items)


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(np.float32, (4, 2), elements=st.integers(-2, 2).map(float)),
    hnp.arrays(np.float32, (9, 2), elements=st.integers(-2, 2).map(float)),
    hnp.arrays(np.bool_, (4, 9)),
    st.integers(1, 10),
    st.integers(1, 5),
)
def test_the_best_of_all_and_the_best_unseen_in_one_order(users, items, seen, limit, block_users):
    blocks = proposal_blocks(
        AlsModel(users, items, AlsParams(factors=2)),
        matrix_of(seen),
        limit,
        block_users=block_users,
    )
    found = [row for block in blocks for row in block.itertuples(index=False, name=None)]
    expected = []
    for row in range(4):
        scores = items @ users[row]
        order = sorted(range(9), key=lambda item, scores=scores: (-scores[item], item))
        unseen = [item for item in order if not seen[row, item]]
        proposed = set(order[:limit]) | set(unseen[:limit])
        expected += [
            (f"u{row:02d}", f"i{item:02d}", rank, scores[item])
            for rank, item in enumerate(
                (item for item in order if item in proposed and scores[item] > 0), start=1
            )
        ]
    assert found == expected


def test_an_item_that_nothing_in_the_history_leads_to_is_not_proposed():
    items = np.array([[0.4], [3e-27], [0.0], [-0.2], [2e-6]], dtype=np.float32)
    model = AlsModel(np.ones((1, 1), dtype=np.float32), items, AlsParams(factors=1))
    (frame,) = list(proposal_blocks(model, matrix_of(np.zeros((1, 5))), 5))
    assert frame["item_id"].tolist() == ["i00", "i04"]
    assert frame["candidate_rank"].tolist() == [1, 2]


@pytest.mark.parametrize("users", [[], ["stranger"]])
def test_strangers_get_one_empty_frame(users):
    model = AlsModel(np.ones((1, 1)), np.ones((2, 1)), AlsParams(factors=1))
    blocks = proposal_blocks(model, matrix_of(np.zeros((1, 2))), 1, np.array(users, dtype=object))
    (frame,) = list(blocks)
    assert frame.empty
    assert frame["candidate_rank"].dtype == np.int64
    assert isinstance(frame, pd.DataFrame)
