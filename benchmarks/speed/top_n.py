"""Best unseen items of all users, as a share of what the machine multiplies, in bounded memory."""

import time

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

FACTORS = 64
PER_USER = 20
LIMIT = 100
SLICE_SECONDS = 1.0
# The shape in which users and items are multiplied.
BLOCK = (512, 16_384)


def run(users: int, items: int, measured_users: int) -> dict:
    """Stream lists of some users of a large model, with the machine's own rate before and after.

    Parameters
    ----------
    users, items : int
        Size of the model; all of it is in memory, as in a run.
    measured_users : int
        Users whose lists are made.

    Returns
    -------
    dict
        ``seconds``, ``rows`` (of the lists), ``rate`` and ``machine_rate`` (billion operations a
        second, two for each product and sum), and ``share``.
    """
    from ml.als import AlsModel, AlsParams
    from ml.candidates import top_candidate_blocks
    from ml.interactions import InteractionMatrix

    random = np.random.default_rng(0)
    factors = [random.standard_normal((size, FACTORS), dtype=np.float32) for size in (users, items)]
    columns = random.integers(0, items, users * PER_USER, dtype=np.int32)
    starts = np.arange(users + 1, dtype=np.int32) * PER_USER
    ones = np.ones(columns.size, dtype=np.float32)
    matrix = InteractionMatrix(
        csr_matrix((ones, columns, starts), shape=(users, items)),
        np.arange(users),
        np.arange(items),
    )
    model = AlsModel(factors[0], factors[1], AlsParams(factors=FACTORS))
    before = _machine_rate(factors[0], factors[1])
    wanted = np.arange(0, users, max(1, users // measured_users))[:measured_users]
    rows, started = 0, time.perf_counter()
    for frame in top_candidate_blocks(model, matrix, LIMIT, wanted):
        rows += len(frame)
    seconds = time.perf_counter() - started
    machine_rate = (before + _machine_rate(factors[0], factors[1])) / 2
    rate = 2.0 * wanted.size * items * FACTORS / seconds / 1e9
    return {
        "seconds": seconds,
        "users": int(wanted.size),
        "rows": rows,
        "rate": rate,
        "machine_rate": machine_rate,
        "share": rate / machine_rate,
    }


def _machine_rate(users: np.ndarray, items: np.ndarray) -> float:
    """Multiply blocks of the same shape, on one thread, and do nothing with them."""
    left, right = users[: BLOCK[0]], items[: BLOCK[1]].T
    product = np.empty((left.shape[0], right.shape[1]), dtype=np.float32)
    count = 0
    with threadpool_limits(1, "blas"):
        np.matmul(left, right, out=product)
        started = time.perf_counter()
        while time.perf_counter() - started < SLICE_SECONDS:
            np.matmul(left, right, out=product)
            count += 1
        seconds = time.perf_counter() - started
    return 2.0 * product.size * users.shape[1] * count / seconds / 1e9
