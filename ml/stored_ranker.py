"""A ranker read back from arrays: scores rows without scikit-learn, in microseconds."""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
import pandas as pd

from ml.calibration import Calibrator, calibrate

# What one step down a tree reads, so that it comes from one place.
NODE = np.dtype(
    [
        ("threshold", np.float64),
        ("left", np.int32),
        ("right", np.int32),
        ("feature", np.int32),
        ("is_missing_left", np.int32),
    ]
)
NODE_ARRAYS = ("features", "thresholds", "is_missing_left", "left", "right", "values")


@dataclass(frozen=True)
class Trees:
    """The nodes of all trees in arrays, tree after tree, the root of each first.

    Attributes
    ----------
    starts : ndarray of shape (n_trees + 1,), int64
        Where the nodes of each tree begin.
    features : ndarray of shape (n_nodes,), int32
        Column of the inputs that a node asks for; -1 in a leaf.
    thresholds : ndarray of shape (n_nodes,), float64
        A value goes left if it is not greater.
    is_missing_left : ndarray of shape (n_nodes,), uint8
        Whether a missing value goes left.
    left, right : ndarray of shape (n_nodes,), int32
        Nodes that follow, counted over all trees; -1 in a leaf.
    values : ndarray of shape (n_nodes,), float64
        Log odds that a leaf adds.
    base_score : float
        Log odds before the first tree.

    Raises
    ------
    ValueError
        If the nodes are no trees: each but a root follows one other, which stands before it.
    """

    starts: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray
    is_missing_left: np.ndarray
    left: np.ndarray
    right: np.ndarray
    values: np.ndarray
    base_score: float

    def __post_init__(self) -> None:
        """Refuse what would lead compiled code, which checks no bounds, out of the arrays."""
        sizes = {name: getattr(self, name).size for name in NODE_ARRAYS}
        count, starts = self.features.size, self.starts
        if {*sizes.values()} != {count}:
            raise ValueError(f"a node must have a number in each array, got {sizes}")
        if starts[:1].tolist() != [0] or starts[-1] != count or (np.diff(starts) < 1).any():
            raise ValueError(f"the trees must share {count} nodes, and none may be without")
        parents = np.flatnonzero(self.features >= 0)
        children = np.r_[self.left[parents], self.right[parents]]
        ends = np.repeat(starts[1:], np.diff(starts))[parents]
        is_lost = (children <= np.tile(parents, 2)) | (children >= np.tile(ends, 2))
        if is_lost.any():
            raise ValueError(f"{is_lost.sum()} nodes must follow others in their tree, and do not")
        ways = np.bincount(np.r_[starts[:-1], children], minlength=count)
        if (ways != 1).any():
            raise ValueError(f"one way must lead to a node, not so to {(ways != 1).sum()}")

    @cached_property
    def nodes(self) -> np.ndarray:
        """Return what a step needs of a node side by side; a leaf leads to itself.

        Returns
        -------
        ndarray of shape (n_nodes,), NODE
            With the value of a leaf in the place of a threshold.
        """
        is_leaf, own = self.features < 0, np.arange(self.features.size)
        nodes = np.zeros(self.features.size, dtype=NODE)
        nodes["threshold"] = np.where(is_leaf, self.values, self.thresholds)
        nodes["feature"] = np.maximum(self.features, 0)
        nodes["is_missing_left"] = self.is_missing_left
        for name, children in (("left", self.left), ("right", self.right)):
            nodes[name] = np.where(is_leaf, own, children)
        return nodes

    @cached_property
    def depths(self) -> np.ndarray:
        """Return the steps to the deepest leaf of each tree, shape (n_trees,), int64."""
        depths = np.zeros(self.starts.size - 1, dtype=np.int64)
        trees, places = np.arange(depths.size), self.starts[:-1]
        while (is_inner := self.features[places] >= 0).any():
            trees, places = np.tile(trees[is_inner], 2), places[is_inner]
            places = np.r_[self.left[places], self.right[places]]
            depths[trees] += 1
        return depths


@dataclass(frozen=True)
class StoredRanker:
    """A ranker that can be applied, not taught.

    Attributes
    ----------
    trees : Trees
        The booster.
    calibrator : Calibrator
        From the raw score to the probability.
    features : tuple of str
        Columns of the inputs.

    Raises
    ------
    ValueError
        If the trees ask for a column that is not there.
    """

    trees: Trees
    calibrator: Calibrator
    features: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse trees that would read beyond their inputs."""
        last = self.trees.features.max(initial=-1)
        if last >= len(self.features):
            raise ValueError(f"trees ask for column {last}, of inputs of {len(self.features)}")

    def raw_scores(self, inputs: np.ndarray) -> np.ndarray:
        """Return log odds, to rank by.

        Parameters
        ----------
        inputs : ndarray of shape (n, n_features), float64
            Rows of `features`; nan and infinities are missing.

        Raises
        ------
        ValueError
            If there are not as many columns as features.
        """
        inputs = np.ascontiguousarray(inputs, dtype=np.float64)
        if inputs.ndim != 2 or inputs.shape[1] != len(self.features):
            raise ValueError(
                f"inputs must have {len(self.features)} columns, got shape {inputs.shape}"
            )
        trees = self.trees
        return _sum_of_leaves(inputs, trees.starts, trees.depths, trees.nodes, trees.base_score)

    def score(self, inputs: np.ndarray) -> np.ndarray:
        """Return probabilities, in [0, 1]; parameters and errors as of `raw_scores`."""
        return calibrate(self.calibrator, self.raw_scores(inputs))


def trees_of(nodes: pd.DataFrame, features: list[str], base_score: float) -> Trees:
    """Lay the nodes of `RankerTables.trees` out as arrays.

    Parameters
    ----------
    nodes : DataFrame
        Columns of `RankerTables.trees`, in any order of rows.
    features : list of str
        Columns of the inputs, in their order.
    base_score : float
        Log odds before the first tree.

    Raises
    ------
    ValueError
        If a node asks for a feature that is not among `features`.
    """
    nodes = nodes.sort_values(["tree", "node"], ignore_index=True)
    counts = nodes.groupby("tree").size().to_numpy() if len(nodes) else np.empty(0, dtype=np.int64)
    starts = np.r_[0, np.cumsum(counts)].astype(np.int64)
    places = pd.Index(features).get_indexer(pd.Index(nodes["feature"].astype(object)))
    is_inner = nodes["feature"].notna().to_numpy(dtype=bool)
    unknown = sorted(set(nodes["feature"][is_inner & (places < 0)]))
    if unknown:
        raise ValueError(f"trees ask for {unknown}, which the ranker does not list")
    offsets = np.repeat(starts[:-1], counts)
    return Trees(
        starts=starts,
        features=np.where(is_inner, places, -1).astype(np.int32),
        thresholds=nodes["threshold"].to_numpy(dtype=np.float64, na_value=np.nan),
        is_missing_left=_filled(nodes["is_missing_left"], 0).astype(np.uint8),
        left=_children(nodes["left_node"], offsets, is_inner),
        right=_children(nodes["right_node"], offsets, is_inner),
        values=nodes["value"].to_numpy(dtype=np.float64, na_value=np.nan),
        base_score=float(base_score),
    )


def _children(column: pd.Series, offsets: np.ndarray, is_inner: np.ndarray) -> np.ndarray:
    """Count nodes over all trees."""
    return np.where(is_inner, _filled(column, 0) + offsets, -1).astype(np.int32)


def _filled(column: pd.Series, value: int) -> np.ndarray:
    """Return whole numbers, with a value in the place of null."""
    return column.astype("Float64").fillna(value).to_numpy(dtype=np.float64).astype(np.int64)


@numba.njit(cache=True, nogil=True)
def _sum_of_leaves(
    inputs: np.ndarray, starts: np.ndarray, depths: np.ndarray, nodes: np.ndarray, base_score: float
) -> np.ndarray:
    """Walk every row down every tree; the sum has the order of scikit-learn's."""
    scores = np.full(inputs.shape[0], base_score)
    places = np.empty(inputs.shape[0], dtype=np.int32)
    for tree in range(depths.size):
        places[:] = starts[tree]
        # All rows take a step before any takes the next one: the processor does several steps at a
        # time if none waits for the one before it, and nothing depends on which way one goes.
        for _ in range(depths[tree]):
            for row in range(inputs.shape[0]):
                node = nodes[places[row]]
                value = inputs[row, node.feature]
                is_known = np.isfinite(value)
                is_left = (is_known & (value <= node.threshold)) | (
                    (not is_known) & (node.is_missing_left != 0)
                )
                places[row] = node.left if is_left else node.right
        for row in range(inputs.shape[0]):
            scores[row] += nodes[places[row]].threshold
    return scores
