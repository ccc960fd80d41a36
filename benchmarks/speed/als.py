"""Alternating least squares by topshelf, implicit and Spark, each to the same quality."""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.speed.tastes import Pairs, load_pairs, recall_at

FACTORS = 64
# The same problem in the words of each: an unobserved pair weighs UNOBSERVED of an observed one.
UNOBSERVED = 0.1
# Chosen on another seed. Spark and topshelf let the penalty grow with the length of a history,
# which implicit cannot.
REGULARIZATION = {"topshelf": 8.0, "implicit": 80.0, "spark": 1.0}
FREQUENCY_EXPONENT = 1.0


def run(contender: str, folder: str, iterations: int, threads: int) -> dict:
    """Fit on the pairs of a folder and judge the result.

    Parameters
    ----------
    contender : str
        topshelf, implicit or spark.
    folder : str
        As of `save_pairs`.
    iterations : int
        Alternations.
    threads : int

    Returns
    -------
    dict
        ``seconds`` of the fit alone, on data in the contender's own form, and ``recall``.
    """
    pairs = load_pairs(Path(folder))
    fit = {"topshelf": _topshelf, "implicit": _implicit, "spark": _spark}[contender]
    seconds, users, items = fit(pairs, iterations, threads)
    return {"seconds": seconds, "recall": recall_at(pairs, users, items)}


def _topshelf(pairs: Pairs, iterations: int, threads: int) -> tuple[float, np.ndarray, np.ndarray]:
    from ml.als import AlsParams, fit_als
    from ml.interactions import InteractionMatrix

    def matrix(rows: int) -> InteractionMatrix:
        train = pairs.train[:rows]
        return InteractionMatrix(train, np.arange(rows), np.arange(train.shape[1]))

    def params(count: int) -> AlsParams:
        return AlsParams(
            factors=FACTORS,
            unobserved_weight=UNOBSERVED,
            regularization=REGULARIZATION["topshelf"],
            frequency_exponent=FREQUENCY_EXPONENT,
            iterations=count,
        )

    # The first call in an environment compiles; later ones read what it left.
    fit_als(matrix(100), params(1), threads)
    whole = matrix(pairs.train.shape[0])
    started = time.perf_counter()
    model = fit_als(whole, params(iterations), threads)
    return time.perf_counter() - started, model.user_factors, model.item_factors


def _implicit(pairs: Pairs, iterations: int, threads: int) -> tuple[float, np.ndarray, np.ndarray]:
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=FACTORS,
        regularization=REGULARIZATION["implicit"],
        alpha=1 + 1 / UNOBSERVED,
        iterations=iterations,
        num_threads=threads,
        random_state=0,
    )
    started = time.perf_counter()
    model.fit(pairs.train, show_progress=False)
    return time.perf_counter() - started, model.user_factors, model.item_factors


def _spark(pairs: Pairs, iterations: int, threads: int) -> tuple[float, np.ndarray, np.ndarray]:
    from pyspark.ml.recommendation import ALS

    from benchmarks.speed.spark import local_session

    with local_session(threads) as session:
        coordinates = pairs.train.tocoo()
        frame = pd.DataFrame(
            {"user": coordinates.row, "item": coordinates.col, "rating": coordinates.data}
        )
        rows = session.createDataFrame(frame).repartition(4 * threads).cache()
        rows.count()
        als = ALS(
            rank=FACTORS,
            maxIter=iterations,
            regParam=REGULARIZATION["spark"],
            implicitPrefs=True,
            alpha=1 / UNOBSERVED,
            userCol="user",
            itemCol="item",
            ratingCol="rating",
            numUserBlocks=2 * threads,
            numItemBlocks=2 * threads,
            seed=0,
        )
        started = time.perf_counter()
        model = als.fit(rows)
        seconds = time.perf_counter() - started
        users, items = (
            _vectors(factors.toPandas(), size)
            for factors, size in zip(
                (model.userFactors, model.itemFactors), pairs.train.shape, strict=True
            )
        )
    return seconds, users, items


def _vectors(frame: pd.DataFrame, size: int) -> np.ndarray:
    """Arrange Spark's factors by number."""
    vectors = np.zeros((size, FACTORS), dtype=np.float32)
    vectors[frame["id"].to_numpy()] = np.stack(frame["features"].tolist())
    return vectors
