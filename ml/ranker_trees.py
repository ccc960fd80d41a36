"""A fitted ranker as tables."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.attributes import AttributeEncoder
from ml.calibration import Calibrator
from ml.ranking import Ranker


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
    encodings : DataFrame
        One row per value that training met of each ``feature`` that is no
        number: ``category`` (str) and ``code`` (int64), by which the trees
        know it. An attribute of numbers has one row without a category.
    """

    ranker: pd.DataFrame
    trees: pd.DataFrame
    encodings: pd.DataFrame


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
    fits = len(ranker.boosters)
    # The mean of several fits is one sum of all their trees, each with its share.
    grown = [predictors[0] for booster in ranker.boosters for predictors in booster._predictors]
    trees = [
        _nodes(predictor.nodes, names, fits).assign(tree=tree)
        for tree, predictor in enumerate(grown)
    ]
    bases = [np.ravel(booster._baseline_prediction)[0] for booster in ranker.boosters]
    calibrator = ranker.calibrator
    row = {
        "base_score": float(np.mean(bases)),
        "features": list(ranker.features),
        "calibration_method": calibrator.method,
        "calibration_slope": calibrator.slope,
        "calibration_intercept": calibrator.intercept,
        "calibration_raw_scores": calibrator.raw_scores.tolist(),
        "calibration_probabilities": calibrator.probabilities.tolist(),
    }
    encodings = pd.DataFrame(
        [
            (name, category, code)
            for name, categories in ranker.encoder.categories.items()
            for code, category in enumerate([None] if categories is None else categories)
        ],
        columns=["feature", "category", "code"],
    )
    return RankerTables(pd.DataFrame([row]), pd.concat(trees, ignore_index=True), encodings)


def stored_encoder(tables: RankerTables) -> AttributeEncoder:
    """Read the encoder of the attributes back."""
    categories: dict[str, tuple[str, ...] | None] = {}
    for name, rows in tables.encodings.groupby("feature"):
        ordered = rows.sort_values("code")["category"]
        categories[str(name)] = None if ordered.isna().all() else tuple(ordered)
    return AttributeEncoder(categories)


def stored_calibrator(tables: RankerTables) -> Calibrator:
    """Read the calibration back."""
    row = tables.ranker.iloc[0]
    return Calibrator(
        str(row["calibration_method"]),
        float(row["calibration_slope"]),
        float(row["calibration_intercept"]),
        np.asarray(row["calibration_raw_scores"], dtype=np.float64),
        np.asarray(row["calibration_probabilities"], dtype=np.float64),
    )


def _nodes(nodes: np.ndarray, names: np.ndarray, fits: int) -> pd.DataFrame:
    """Lay out the nodes of one tree of so many fits."""
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
            "value": nodes["value"].astype(np.float64) / fits,
            "row_count": nodes["count"].astype(np.int64),
        }
    )
    inner = ["feature", "threshold", "is_missing_left", "left_node", "right_node"]
    return frame.assign(**{name: frame[name].mask(leaf) for name in inner})
