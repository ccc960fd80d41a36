import numpy as np
import pandas as pd
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from ml.als import AlsModel, AlsParams, fit_als, fold_in_user
from ml.interactions import InteractionMatrix, build_interaction_matrix


def random_matrix(users, items, pairs, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "user_id": random.integers(0, users, pairs).astype(str),
            "item_id": random.integers(0, items, pairs).astype(str),
            "weight": random.uniform(0.2, 3, pairs),
        }
    )
    return build_interaction_matrix(frame.drop_duplicates(["user_id", "item_id"]))


def mean_size(weights, params):
    """Mean over the rows of summed weights, unobserved pairs among them."""
    return (weights.sum(axis=1) + params.unobserved_weight * weights.shape[1]).mean()


def weighted_ridge(vectors, weights, params, mean=1.0):
    """Minimise sum w (1 - x.y)^2 + alpha sum (x.y)^2 + ridge |x|^2 as least squares on rows."""
    size = weights.sum() + params.unobserved_weight * len(vectors)
    ridge = params.regularization * (size / mean) ** params.frequency_exponent
    roots = np.sqrt(weights)
    rows = np.vstack(
        [
            roots[:, None] * vectors,
            np.sqrt(params.unobserved_weight) * vectors,
            np.sqrt(ridge) * np.eye(vectors.shape[1]),
        ]
    )
    targets = np.r_[roots, np.zeros(len(vectors) + vectors.shape[1])]
    return np.linalg.lstsq(rows, targets, rcond=None)[0]


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_each_side_minimises_the_loss_given_the_other(exponent):
    matrix = random_matrix(users=12, items=9, pairs=40, seed=1)
    params = AlsParams(
        factors=3, regularization=0.1, frequency_exponent=exponent, iterations=300, start_scale=0.5
    )
    model = fit_als(matrix, params)
    dense = matrix.weights.toarray().astype(np.float64)
    by_user, by_item = mean_size(dense, params), mean_size(dense.T, params)
    for row in range(dense.shape[0]):
        expected = weighted_ridge(
            model.item_factors.astype(np.float64), dense[row], params, by_user
        )
        np.testing.assert_allclose(model.user_factors[row], expected, atol=2e-4)
    for column in range(dense.shape[1]):
        expected = weighted_ridge(
            model.user_factors.astype(np.float64), dense[:, column], params, by_item
        )
        np.testing.assert_allclose(model.item_factors[column], expected, atol=2e-4)


def test_one_pair_by_hand():
    """Where x = y, w (1 - xy) = alpha xy + reg, so xy = (w - reg) / (w + alpha)."""
    matrix = build_interaction_matrix(
        pd.DataFrame({"user_id": ["u"], "item_id": ["a"], "weight": [1.5]})
    )
    params = AlsParams(factors=1, regularization=0.5, unobserved_weight=0.25, iterations=100)
    model = fit_als(matrix, params)
    assert float(model.user_factors[0] @ model.item_factors[0]) == pytest.approx(1 / 1.75, abs=1e-5)


def test_the_scores_are_those_of_implicit_where_both_state_the_same_problem():
    """Its pairs count c instead of 1, ours w more than alpha: equal for c = 1 + w where w >> 1."""
    matrix = random_matrix(users=60, items=40, pairs=500, seed=11)
    weight, ridge = 2000.0, 30.0
    equal = InteractionMatrix(
        csr_matrix(
            (np.ones(matrix.weights.nnz, np.float32), matrix.weights.indices, matrix.weights.indptr)
        ),
        matrix.user_ids,
        matrix.item_ids,
    )
    peer = AlternatingLeastSquares(
        factors=4, regularization=ridge, alpha=weight, iterations=400, random_state=1, num_threads=1
    )
    with threadpool_limits(1, "blas"):
        peer.fit(equal.weights, show_progress=False)
    params = AlsParams(
        factors=4,
        unobserved_weight=1 / weight,
        regularization=ridge / weight,
        iterations=400,
        start_scale=1.0,
    )
    model = fit_als(equal, params)

    def loss(users, items):
        scores = users.astype(np.float64) @ items.T.astype(np.float64)
        missed = equal.weights.toarray() * (1 - scores) ** 2 + scores**2 / weight
        return missed.sum() + ridge / weight * (np.sum(users**2) + np.sum(items**2))

    assert loss(model.user_factors, model.item_factors) == pytest.approx(
        loss(peer.user_factors, peer.item_factors), rel=0.01
    )


def test_the_users_are_the_exact_solution_after_any_number_of_iterations():
    matrix = random_matrix(users=80, items=50, pairs=900, seed=12)
    params = AlsParams(factors=24, regularization=0.3, frequency_exponent=0.5, iterations=1)
    model = fit_als(matrix, params)
    gram = model.item_factors.astype(np.float64).T @ model.item_factors
    for row in range(matrix.user_ids.size):
        mine = matrix.weights[row]
        expected = fold_in_user(model, gram, mine.indices, mine.data)
        np.testing.assert_allclose(model.user_factors[row], expected, atol=1e-4)


def test_more_factors_than_items_are_allowed():
    matrix = random_matrix(users=3, items=2, pairs=4, seed=2)
    model = fit_als(matrix, AlsParams(factors=16, regularization=0.1, iterations=5))
    assert model.item_factors.shape == (matrix.item_ids.size, 16)
    assert np.isfinite(model.user_factors).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_equal_seeds_give_equal_factors_on_any_number_of_threads(threads):
    matrix = random_matrix(users=400, items=150, pairs=4000, seed=3)
    params = AlsParams(factors=16, regularization=1.0, iterations=3, seed=7)
    first, second = fit_als(matrix, params, threads=1), fit_als(matrix, params, threads=threads)
    np.testing.assert_array_equal(first.user_factors, second.user_factors)
    np.testing.assert_array_equal(first.item_factors, second.item_factors)


def test_another_seed_starts_elsewhere():
    matrix = random_matrix(users=20, items=20, pairs=90, seed=4)
    first, second = (
        fit_als(matrix, AlsParams(factors=4, regularization=1.0, iterations=1, seed=s))
        for s in (0, 1)
    )
    assert not np.array_equal(first.user_factors, second.user_factors)


def test_the_matrix_is_left_alone():
    matrix = random_matrix(users=5, items=5, pairs=12, seed=5)
    before = matrix.weights.data.copy()
    fit_als(matrix, AlsParams(factors=2, iterations=2))
    np.testing.assert_array_equal(matrix.weights.data, before)


def test_a_new_user_is_folded_in_exactly():
    random = np.random.default_rng(6)
    params = AlsParams(factors=5, regularization=0.3, unobserved_weight=0.4)
    items = random.normal(size=(30, 5)).astype(np.float32)
    model = AlsModel(np.zeros((1, 5), dtype=np.float32), items, params)
    weights = np.zeros(30)
    weights[[3, 17, 8]] = [1.0, 0.5, 2.0]
    gram = items.astype(np.float64).T @ items
    found = fold_in_user(model, gram, np.array([3, 17, 8]), weights[[3, 17, 8]])
    expected = weighted_ridge(items.astype(np.float64), weights, params)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_user_without_items_is_at_the_origin():
    model = AlsModel(np.zeros((1, 2)), np.eye(2, dtype=np.float32), AlsParams(factors=2))
    nothing = np.array([], dtype=np.int64)
    np.testing.assert_array_equal(fold_in_user(model, np.eye(2), nothing, nothing), [0, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factors": 0}, "factors must be >= 1, got 0"),
        ({"iterations": 0}, "iterations must be >= 1, got 0"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
        ({"regularization": 0.0}, "regularization must be > 0 and finite, got 0.0"),
        (
            {"unobserved_weight": float("nan")},
            "unobserved_weight must be > 0 and finite, got nan",
        ),
        ({"start_scale": 0.0}, "start_scale must be > 0 and finite, got 0.0"),
        ({"frequency_exponent": 1.5}, r"frequency_exponent must be in \[0, 1\], got 1.5"),
    ],
)
def test_refuses_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        AlsParams(**change)


def test_refuses_no_threads():
    matrix = random_matrix(users=2, items=2, pairs=2, seed=0)
    with pytest.raises(ValueError, match="threads must be >= 1, got 0"):
        fit_als(matrix, AlsParams(), threads=0)


def test_refuses_vectors_that_are_not_finite():
    broken = np.array([[1.0], [np.nan], [np.inf]])
    with pytest.raises(ValueError, match="2 item_factors are not finite"):
        AlsModel(np.ones((1, 1)), broken, AlsParams(factors=1))


def test_refuses_vectors_whose_scores_would_be_infinite():
    with pytest.raises(ValueError, match=r"<= the largest float32, may reach 9e\+40"):
        AlsModel(np.float32([[3e20]]), np.float32([[3e20]]), AlsParams(factors=1))
