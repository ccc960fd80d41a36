"""Means and covariances of users, from the sums that SQL makes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# n and d: numerator and denominator of a metric; x: a habit of the days before the exposure.
SUMS = ["sum_n", "sum_d", "sum_x"]
PRODUCTS = ["sum_nn", "sum_dd", "sum_xx", "sum_nd", "sum_nx", "sum_dx"]
COLUMNS = ["user_count", *SUMS, *PRODUCTS]


@dataclass(frozen=True)
class Moments:
    """Moments of (n, d, x) over users, for any number of groups at once.

    Attributes
    ----------
    count : ndarray of shape (...,)
        Users.
    mean : ndarray of shape (..., 3)
        nan for a group without users.
    covariance : ndarray of shape (..., 3, 3)
        With `count - 1` in the denominator; nan for fewer than two users.
    """

    count: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def moments_from_sums(sums: np.ndarray) -> Moments:
    """Turn sums, squares and cross products into means and covariances.

    Parameters
    ----------
    sums : ndarray of shape (..., 10)
        In the order of `COLUMNS`; sums of groups may be added first.

    Returns
    -------
    Moments

    Raises
    ------
    ValueError
        If the last axis does not have ten entries, or a count is negative.
    """
    sums = np.asarray(sums, dtype=np.float64)
    if sums.shape[-1:] != (len(COLUMNS),):
        msg = f"the last axis must hold the {len(COLUMNS)} columns of COLUMNS, got {sums.shape}"
        raise ValueError(msg)
    count = sums[..., 0]
    if (count < 0).any():
        raise ValueError(f"user_count must be >= 0, got {count.min():g}")
    nn, dd, xx, nd, nx, dx = np.moveaxis(sums[..., 4:], -1, 0)
    squares = np.stack(
        [
            np.stack([nn, nd, nx], axis=-1),
            np.stack([nd, dd, dx], axis=-1),
            np.stack([nx, dx, xx], axis=-1),
        ],
        axis=-2,
    )
    some = np.where(count > 0, count, np.nan)
    mean = sums[..., 1:4] / some[..., None]
    outer = mean[..., :, None] * mean[..., None, :]
    more = np.where(count > 1, count - 1, np.nan)
    covariance = (squares - some[..., None, None] * outer) / more[..., None, None]
    # Sums of squares cancel up to rounding: what is within it is no variation.
    scale = np.abs(squares) / some[..., None, None]
    covariance = np.where(np.abs(covariance) <= 1e-12 * scale, 0.0, covariance)
    return Moments(count, mean, covariance)


def sums_of_users(numerator: np.ndarray, denominator: np.ndarray, habit: np.ndarray) -> np.ndarray:
    """Add up users as `exp_metric_sums` does; for simulations and tests.

    Parameters
    ----------
    numerator, denominator, habit : ndarray of shape (..., n)
        A value per user on the last axis.

    Returns
    -------
    ndarray of shape (..., 10)
    """
    n, d, x = np.broadcast_arrays(numerator, denominator, habit)
    parts = [np.ones_like(n, dtype=np.float64), n, d, x, n * n, d * d, x * x, n * d, n * x, d * x]
    return np.stack([part.sum(axis=-1) for part in parts], axis=-1)


def sums_of_frame(frame: pd.DataFrame) -> np.ndarray:
    """Return the sums of each row of `exp_metric_sums`, shape (rows, 10)."""
    return frame[COLUMNS].to_numpy(dtype=np.float64)
