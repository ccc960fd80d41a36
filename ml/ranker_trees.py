"""A fitted ranker as tables, and how each feature moved a score."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ml.calibration import Calibrator, calibrate
from ml.features import feature_matrix
from ml.ranking import Ranker
from ml.sampling import row_order

if TYPE_CHECKING:
    from shap import TreeExplainer


@dataclass(frozen=True)
class RankerTables:
    """What a ranker is, in rows: nothing in it can run, so any reader may load it.

    Attributes
    ----------
    ranker : DataFrame
        One row: ``base_score`` (float64, log odds before the first tree),
        ``features`` (list of str), and the attributes of the `Calibrator`:
        ``calibration_method``, ``calibration_slope``, ``calibration_intercept``,
        ``calibration_raw_scores`` and ``calibration_probabilities`` (lists of
        float64).
    trees : DataFrame
        One row per node, sorted by ``tree`` and ``node`` (int64, from 0; 0 is
        the root): ``feature`` (str), ``threshold`` (float64; a value goes left
        if it is not greater), ``is_missing_left`` (bool), ``left_node`` and
        ``right_node`` (int64), all null in a leaf; ``value`` (float64, log odds
        that a leaf adds) and ``row_count`` (int64, training rows that came by).
    """

    ranker: pd.DataFrame
    trees: pd.DataFrame


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


def ranker_tables(ranker: Ranker) -> RankerTables:
    """Write a ranker down as rows.

    Parameters
    ----------
    ranker : Ranker
        Fitted on numbers alone, which is all that `fit_ranker` does.

    Returns
    -------
    RankerTables
        Says all that `explain_scores` needs.
    """
    names = np.asarray(ranker.features, dtype=object)
    trees = [
        _nodes(predictors[0].nodes, names).assign(tree=tree)
        for tree, predictors in enumerate(ranker.booster._predictors)
    ]
    calibrator = ranker.calibrator
    row = {
        "base_score": float(np.ravel(ranker.booster._baseline_prediction)[0]),
        "features": list(ranker.features),
        "calibration_method": calibrator.method,
        "calibration_slope": calibrator.slope,
        "calibration_intercept": calibrator.intercept,
        "calibration_raw_scores": calibrator.raw_scores.tolist(),
        "calibration_probabilities": calibrator.probabilities.tolist(),
    }
    return RankerTables(pd.DataFrame([row]), pd.concat(trees, ignore_index=True))


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
    inputs = feature_matrix(frame, features)
    values = explainer.shap_values(inputs, check_additivity=False) if len(inputs) else inputs
    base = float(np.ravel(explainer.expected_value)[0])
    raw_scores = base + values.sum(axis=1)
    calibrator = Calibrator(
        str(row["calibration_method"]),
        float(row["calibration_slope"]),
        float(row["calibration_intercept"]),
        np.asarray(row["calibration_raw_scores"], dtype=np.float64),
        np.asarray(row["calibration_probabilities"], dtype=np.float64),
    )
    shap_values = pd.DataFrame(values, columns=features, index=frame.index)
    return Explanations(base, shap_values, raw_scores, calibrate(calibrator, raw_scores))


def long_explanations(explanations: Explanations, frame: pd.DataFrame) -> pd.DataFrame:
    """Lay explanations out as one row per pair and feature.

    Parameters
    ----------
    explanations : Explanations
        Of `frame`.
    frame : DataFrame of length n
        ``user_id``, ``item_id`` and the features.

    Returns
    -------
    DataFrame
        ``user_id``, ``item_id``, ``feature``, ``value`` (float64, nan if
        missing) and ``shap_value`` (float64, log odds).
    """
    features = list(explanations.shap_values.columns)
    pairs = frame[["user_id", "item_id"]]
    values = pd.DataFrame(feature_matrix(frame, features), columns=features, index=frame.index)
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


def _nodes(nodes: np.ndarray, names: np.ndarray) -> pd.DataFrame:
    """Lay out the nodes of one tree."""
    leaf = nodes["is_leaf"].astype(bool)
    frame = pd.DataFrame(
        {
            "tree": 0,
            "node": np.arange(nodes.size),
            "feature": names[nodes["feature_idx"]],
            "threshold": nodes["num_threshold"].astype(np.float64),
            "is_missing_left": pd.array(nodes["missing_go_to_left"].astype(bool), dtype="boolean"),
            "left_node": pd.array(nodes["left"].astype(np.int64), dtype="Int64"),
            "right_node": pd.array(nodes["right"].astype(np.int64), dtype="Int64"),
            "value": nodes["value"].astype(np.float64),
            "row_count": nodes["count"].astype(np.int64),
        }
    )
    inner = ["feature", "threshold", "is_missing_left", "left_node", "right_node"]
    return frame.assign(**{name: frame[name].mask(leaf) for name in inner})


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
