"""What was learned, read back from a release."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.als import AlsModel, AlsParams
from ml.calibration import Calibrator
from ml.stored_ranker import StoredRanker, Trees
from serving.bundle_files import REMEDY, BundleError

RANKER = "ranker.json"
EVENT_TYPES = "event_types.json"
# Arrays of the trees by their names in a release.
TREES = {
    "starts": "tree_starts",
    "features": "node_feature",
    "thresholds": "node_threshold",
    "is_missing_left": "node_is_missing_left",
    "left": "node_left",
    "right": "node_right",
    "values": "node_value",
}


@dataclass(frozen=True)
class EventType:
    """What a type of event says of the user and the item.

    Attributes
    ----------
    role : str
        ``positive``, ``view``, ``negative`` or ``ignore``.
    weight : float
        When it is new.
    half_life_days : float
        After which it counts half.
    daily_cap : int, optional
        Most that count a day for a user and an item; None for all.
    """

    role: str
    weight: float
    half_life_days: float
    daily_cap: int | None


def stored_als(told: dict[str, Any] | None, arrays: dict[str, np.ndarray]) -> AlsModel | None:
    """Read the factorisation, without its users, from what the manifest says and the arrays."""
    if told is None:
        return None
    params = AlsParams(**told["params"])
    nobody = np.zeros((1, params.factors), dtype=np.float32)
    return AlsModel(nobody, arrays["item_factors"], params, float(told["mean_user_size"]))


def stored_ranker(folder: Path, arrays: dict[str, np.ndarray]) -> StoredRanker | None:
    """Read the ranker; None if nobody had taken a candidate when it should have been taught.

    Parameters
    ----------
    folder : Path
        Of the release.
    arrays : dict of str to ndarray
        Of the release.

    Raises
    ------
    BundleError
        If its nodes are no trees, or ask for features that it has not.
    """
    told = json.loads((folder / RANKER).read_text(encoding="utf-8"))
    if told is None:
        return None
    calibrator = Calibrator(
        str(told["calibration_method"]),
        float(told["calibration_slope"]),
        float(told["calibration_intercept"]),
        np.array(arrays["calibration_raw_scores"]),
        np.array(arrays["calibration_probabilities"]),
    )
    # Copied: they are small, and a file that is damaged later must not lead compiled code astray.
    nodes = {name: np.array(arrays[stored]) for name, stored in TREES.items()}
    try:
        trees = Trees(**nodes, base_score=float(told["base_score"]))
        return StoredRanker(trees, calibrator, tuple(told["features"]))
    except ValueError as error:
        raise BundleError(f"{folder}: the ranker cannot be used ({error}); {REMEDY}") from error


def stored_event_types(folder: Path) -> dict[str, EventType]:
    """Read what the types of events mean."""
    told = json.loads((folder / EVENT_TYPES).read_text(encoding="utf-8"))
    return {name: EventType(**values) for name, values in told.items()}
