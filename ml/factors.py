"""The vectors of a factorisation as rows, so that SQL can score any pair."""

from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd

from ml.als import AlsModel
from ml.interactions import InteractionMatrix

BLOCK_ROWS = 50_000


def factor_blocks(
    model: AlsModel, matrix: InteractionMatrix, block_rows: int = BLOCK_ROWS
) -> Iterator[pd.DataFrame]:
    """Yield the vectors of all users, then of all items.

    The score of a pair is the inner product of its two vectors.

    Parameters
    ----------
    model : AlsModel
        Fitted on `matrix`.
    matrix : InteractionMatrix
        Names the rows of both factor matrices.
    block_rows : int
        Most rows of a frame, >= 1.

    Yields
    ------
    DataFrame
        ``entity`` (``user`` or ``item``), ``entity_id`` and ``factors`` (a list of float32, as long
        as the model has factors).
    """
    sides = {
        "user": (matrix.user_ids, model.user_factors),
        "item": (matrix.item_ids, model.item_factors),
    }
    for entity, (ids, factors) in sides.items():
        for start in range(0, ids.size, block_rows):
            rows = slice(start, start + block_rows)
            yield pd.DataFrame(
                {"entity": entity, "entity_id": ids[rows], "factors": list(factors[rows])}
            )


def factorisation_row(model: AlsModel) -> pd.DataFrame:
    """Write down what a model was fitted with.

    Parameters
    ----------
    model : AlsModel
        Fitted model.

    Returns
    -------
    DataFrame
        One row: the fields of `AlsParams`, ``user_count``, ``item_count`` and ``mean_user_size``,
        which with the vectors of the items are all that `fold_in_user` needs.
    """
    row = {
        **asdict(model.params),
        "user_count": len(model.user_factors),
        "item_count": len(model.item_factors),
        "mean_user_size": model.mean_user_size,
    }
    return pd.DataFrame([row])
