"""How each feature moved the score of a candidate."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ml.attributes import encode
from ml.calibration import calibrate
from ml.features import feature_matrix
from ml.ranker_trees import RankerTables, ranker_tables, stored_calibrator, stored_encoder
from ml.ranking import Ranker
from ml.sampling import row_order

if TYPE_CHECKING:
    from shap import TreeExplainer


@dataclass(frozen=True)
class Explanations:
    """Scores of rows, taken apart.

    Attributes
    ----------
    base_score : float
        Mean raw score of the training rows, log odds.
    shap_values : DataFrame of shape (n, features)
        What each feature adds to it, log odds.
    raw_scores, scores : ndarray of shape (n,), float64
        ``base_score`` plus the row of `shap_values`, and its probability.
    """

    base_score: float
    shap_values: pd.DataFrame
    raw_scores: np.ndarray
    scores: np.ndarray


def explain_scores(tables: RankerTables, frame: pd.DataFrame) -> Explanations:
    """Say for each row what each feature added to its score.

    Parameters
    ----------
    tables : RankerTables
        Of a fitted ranker.
    frame : DataFrame of length n
        Candidates with the features of the ranker, read as by `score_frame`.

    Returns
    -------
    Explanations
        ``raw_scores`` and ``scores`` are those of `score_frame`, up to
        rounding.

    Raises
    ------
    KeyError
        If `frame` lacks a feature.

    References
    ----------
    Lundberg et al. (2020), "From local explanations to global understanding
    with explainable AI for trees", Nature Machine Intelligence 2: path-dependent TreeSHAP.
    """
    row = tables.ranker.iloc[0]
    features = [str(name) for name in row["features"]]
    explainer = _explainer(tables.trees, features, float(row["base_score"]))
    inputs = feature_matrix(encode(stored_encoder(tables), frame), features)
    values = explainer.shap_values(inputs, check_additivity=False) if len(inputs) else inputs
    base = float(np.ravel(explainer.expected_value)[0])
    raw_scores = base + values.sum(axis=1)
    calibrator = stored_calibrator(tables)
    shap_values = pd.DataFrame(values, columns=features, index=frame.index)
    return Explanations(base, shap_values, raw_scores, calibrate(calibrator, raw_scores))


def long_explanations(
    tables: RankerTables, explanations: Explanations, frame: pd.DataFrame
) -> pd.DataFrame:
    """Lay explanations out as one row per pair and feature.

    Parameters
    ----------
    tables : RankerTables
        Of the ranker.
    explanations : Explanations
        By that ranker, of `frame`.
    frame : DataFrame of length n
        ``user_id``, ``item_id`` and the features.

    Returns
    -------
    DataFrame
        ``user_id``, ``item_id``, ``feature``, ``value`` (float64, nan if
        missing; of an attribute its code) and ``shap_value`` (float64, log odds).
    """
    features = list(explanations.shap_values.columns)
    pairs = frame[["user_id", "item_id"]]
    encoded = encode(stored_encoder(tables), frame)
    values = pd.DataFrame(feature_matrix(encoded, features), columns=features, index=frame.index)
    names = ["user_id", "item_id"]
    long = pairs.join(values).melt(names, var_name="feature")
    added = pairs.join(explanations.shap_values).melt(names, var_name="feature")
    return long.assign(shap_value=added["value"])


def mean_absolute_shap(
    ranker: Ranker, frame: pd.DataFrame, rows: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Say how much each feature moves the scores, up or down.

    Parameters
    ----------
    ranker : Ranker
        Fitted ranker.
    frame : DataFrame of length n
        Candidates the ranker was not fitted on, with its features.
    rows : int
        Most rows used, >= 1; a larger `frame` is sampled.
    seed : int
        Of the sample; equal rows in any order give an equal table.

    Returns
    -------
    DataFrame
        ``feature``, in the order of the ranker, and ``mean_absolute_shap``
        (float64, log odds, >= 0).
    """
    inputs = frame[list(ranker.features)]
    sample = inputs.iloc[row_order(inputs, seed)[:rows]]
    means = explain_scores(ranker_tables(ranker), sample).shap_values.abs().mean()
    return pd.DataFrame({"feature": list(means.index), "mean_absolute_shap": means.to_numpy()})


def _explainer(trees: pd.DataFrame, features: list[str], base_score: float) -> "TreeExplainer":
    """Hand the trees to SHAP in the form it takes from any library."""
    # Seconds to import, and most commands explain nothing.
    from shap import TreeExplainer

    ordered = trees.sort_values(["tree", "node"])
    places = pd.Index(features)
    return TreeExplainer(
        {
            "trees": [_shap_tree(tree, places) for _, tree in ordered.groupby("tree")],
            "base_offset": base_score,
            "input_dtype": np.float64,
            "internal_dtype": np.float64,
            "objective": "binary_crossentropy",
            "tree_output": "log_odds",
        },
        feature_perturbation="tree_path_dependent",
    )


def _shap_tree(tree: pd.DataFrame, places: pd.Index) -> dict[str, Any]:
    """Arrange one tree as arrays; -1 stands for no child."""
    left = tree["left_node"].fillna(-1).to_numpy(dtype=np.int32)
    right = tree["right_node"].fillna(-1).to_numpy(dtype=np.int32)
    missing_left = tree["is_missing_left"].astype("boolean").fillna(value=False).to_numpy(bool)
    return {
        "children_left": left,
        "children_right": right,
        "children_default": np.where(missing_left, left, right),
        "features": places.get_indexer(pd.Index(tree["feature"])).astype(np.int32),
        "thresholds": tree["threshold"].fillna(0).to_numpy(dtype=np.float64),
        "values": tree["value"].to_numpy(dtype=np.float64)[:, None],
        "node_sample_weight": tree["row_count"].to_numpy(dtype=np.float64),
    }
