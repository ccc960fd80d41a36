"""Which arrays a release is made of. Each is a file `<name>.npy`, mapped and not loaded."""

from pathlib import Path
from types import MappingProxyType

import numpy as np

from serving.bundle_files import REMEDY, BundleError

# Users and items are numbered by their ids, ascending: a `user` or an `item` below is that number.
# `…_starts` has one entry more than there are owners; the rows of owner `i` are those from
# `starts[i]` to `starts[i + 1]`. -1 and nan stand for "none".
ARRAYS = MappingProxyType(
    {
        # Ids and words.
        "user_id_text": "u1",
        "user_id_starts": "i8",
        "item_id_text": "u1",
        "item_id_starts": "i8",
        "title_text": "u1",
        "title_starts": "i8",
        "category_text": "u1",
        "category_starts": "i8",
        "segment_text": "u1",
        "segment_starts": "i8",
        # Items: whether the catalogue or a segment may show them, and what rules say.
        "item_has_title": "u1",
        "item_category": "i4",
        "item_is_available": "u1",
        "item_is_offered": "u1",
        "item_pinned_rank": "i4",
        "item_category_limit": "i4",
        "item_list_factor": "f8",
        "item_features": "f8",
        # Users.
        "user_segment": "i4",
        "user_features": "f8",
        # Lists, best first; `list_` is what is served, `pool_` what follows it.
        "list_starts": "i8",
        "list_item": "i4",
        "list_score": "f4",
        "list_source": "u1",
        "list_evidence": "i4",
        "list_evidence_count": "i4",
        "pool_starts": "i8",
        "pool_item": "i4",
        "pool_score": "f4",
        "pool_source": "u1",
        "pool_evidence": "i4",
        "neighbour_starts": "i8",
        "neighbour_item": "i4",
        "neighbour_score": "f4",
        "neighbour_source": "u1",
        "neighbour_support": "i4",
        "popular_starts": "i8",
        "popular_item": "i4",
        "popular_score": "f4",
        "popular_user_count": "i4",
        # What a user did, and what may not be shown to the user.
        "history_starts": "i8",
        "history_item": "i4",
        "history_weight": "f4",
        "excluded_starts": "i8",
        "excluded_item": "i4",
        # The factorisation: vectors of the items that it knows, and which these are.
        "factor_item": "i4",
        "item_factor_row": "i4",
        "item_factors": "f4",
        "gram": "f8",
        # The ranker: nodes of all trees; children are numbers of nodes.
        "tree_starts": "i8",
        "node_feature": "i4",
        "node_threshold": "f8",
        "node_is_missing_left": "u1",
        "node_left": "i4",
        "node_right": "i4",
        "node_value": "f8",
        "calibration_raw_scores": "f8",
        "calibration_probabilities": "f8",
        # Users of the evaluation: the metric of the lists, and of the best ones by SQL alone.
        "judged_user": "i4",
        "judged_value": "f8",
        "judged_baseline": "f8",
    }
)
# Of two dimensions; the others have one.
MATRICES = frozenset({"item_features", "user_features", "item_factors", "gram"})
# Whose rows stand in which columns of which table; owners are named by the table of their ids, and
# the rows of a text are its bytes.
STARTS = MappingProxyType(
    {
        "user_id": ("user_id", ("text",)),
        "item_id": ("item_id", ("text",)),
        "title": ("item_id", ("text",)),
        "category": ("category", ("text",)),
        "segment": ("segment", ("text",)),
        "list": ("user_id", ("item", "score", "source", "evidence", "evidence_count")),
        "pool": ("user_id", ("item", "score", "source", "evidence")),
        "history": ("user_id", ("item", "weight")),
        "excluded": ("user_id", ("item",)),
        "neighbour": ("item_id", ("item", "score", "source", "support")),
        "popular": ("segment", ("item", "score", "user_count")),
    }
)
# Arrays with one entry for each owner, by the table of its ids.
ONE_EACH = MappingProxyType(
    {
        "user_id": ("user_segment", "user_features"),
        "item_id": (
            "item_has_title",
            "item_category",
            "item_is_available",
            "item_is_offered",
            "item_pinned_rank",
            "item_category_limit",
            "item_list_factor",
            "item_features",
            "item_factor_row",
        ),
    }
)
# Arrays that are as long as another one; those of the nodes are looked at by `ml.stored_ranker`.
AS_LONG = MappingProxyType(
    {
        "item_factors": "factor_item",
        "calibration_probabilities": "calibration_raw_scores",
        "judged_value": "judged_user",
        "judged_baseline": "judged_user",
    }
)


def map_arrays(folder: Path) -> dict[str, np.ndarray]:
    """Map every array of a release into memory; pages are read when they are touched.

    Parameters
    ----------
    folder : Path
        Of a release whose files were verified.

    Raises
    ------
    BundleError
        If a file is no array of the type that it must have, or not as long as the others say,
        which checksums cannot tell.
    """
    arrays = {name: _map_array(folder / f"{name}.npy", name) for name in ARRAYS}
    counts = {table: max(arrays[f"{table}_starts"].size - 1, 0) for table in STARTS}
    expected = {f"{table}_starts": counts[owner] + 1 for table, (owner, _) in STARTS.items()}
    expected |= {name: counts[owner] for owner, names in ONE_EACH.items() for name in names}
    expected |= {name: len(arrays[other]) for name, other in AS_LONG.items()}
    _check_lengths(folder, arrays, expected)
    for table, (_, columns) in STARTS.items():
        rows = int(arrays[f"{table}_starts"][-1])
        _check_lengths(folder, arrays, {f"{table}_{column}": rows for column in columns})
    return arrays


def _map_array(path: Path, name: str) -> np.ndarray:
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise BundleError(f"{path} is no array ({reason}); {REMEDY}") from error
    dimensions = 2 if name in MATRICES else 1
    if mapped.dtype != np.dtype(f"<{ARRAYS[name]}") or mapped.ndim != dimensions:
        raise BundleError(
            f"{path} must hold {ARRAYS[name]} in {dimensions} dimensions, holds "
            f"{mapped.dtype.str.lstrip('<|')} in {mapped.ndim}; {REMEDY}"
        )
    # A plain view: every slice of a `memmap` costs a microsecond more.
    return np.asarray(mapped)


def _check_lengths(folder: Path, arrays: dict[str, np.ndarray], expected: dict[str, int]) -> None:
    for name, length in expected.items():
        if len(arrays[name]) != length:
            raise BundleError(
                f"{folder}: {name} has {len(arrays[name])} entries instead of {length}; {REMEDY}"
            )
