"""What a ranker learns from impressions: the ignored ones, and those taken by their place."""

import numpy as np
import pandas as pd

from ml.off_policy.frames import logged_actions
from ml.position_bias import Examination, estimate_examination, position_weights
from ml.sampling import sample_negatives_by_share

# Only the values are used, not their intervals.
RESAMPLES = 1


def examination_of(shown: pd.DataFrame) -> tuple[Examination | None, str]:
    """Estimate how often each place is looked at, if the log can tell.

    Parameters
    ----------
    shown : DataFrame
        Impressions that may be known, as for `logged_actions`, with ``is_clicked``.

    Returns
    -------
    Examination or None, and str
        The curve, or None and why there is none.
    """
    # Sums of floats depend on the order of rows.
    rows = shown.sort_values(["request_id", "shown_rank", "item_id"], ignore_index=True)
    item_ids = np.array(sorted(rows["item_id"].unique()), dtype=object)
    log = logged_actions(rows, item_ids, "is_clicked")
    try:
        examination = estimate_examination(log, resamples=RESAMPLES)
    except ValueError as error:
        return None, f"places not corrected: {error}"
    return examination, "places corrected by inverse propensities"


def sample_with_shown(
    candidates: pd.DataFrame, keys: list[str], share: float, seed: int
) -> pd.DataFrame:
    """Keep every positive, a share of the negatives, and everything that was shown.

    Parameters
    ----------
    candidates : DataFrame
        ``is_relevant`` (bool) and `keys`; maybe ``shown_rank``, null for what was not shown.
    keys, share, seed
        As for `sample_negatives_by_share`.

    Returns
    -------
    DataFrame
        With ``sample_weight`` as that function gives it; null for a negative that is there only
        because it was shown. Without those the sample is that of a log without impressions.
    """
    labels = candidates["is_relevant"].to_numpy()
    drawn = sample_negatives_by_share(candidates, labels, keys, share, seed)
    if "shown_rank" not in candidates:
        return drawn
    kept = candidates.index.isin(drawn.index) | candidates["shown_rank"].notna()
    return candidates[kept].assign(sample_weight=drawn["sample_weight"])


def time_split_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep what a time split learns from.

    Parameters
    ----------
    rows : DataFrame
        Of `sample_with_shown`.

    Returns
    -------
    DataFrame
        The others.
    """
    return rows[rows["sample_weight"].notna()]


def impression_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Let what was shown and ignored stand for itself.

    Parameters
    ----------
    rows : DataFrame
        Of `sample_with_shown`, with ``shown_rank``.

    Returns
    -------
    DataFrame
        All rows; a shown one has a ``sample_weight`` of 1, because all of them are there.
    """
    ignored = rows["shown_rank"].notna() & ~rows["is_relevant"].astype(bool)
    return rows.assign(sample_weight=rows["sample_weight"].mask(ignored, 1.0))


def label_weights(
    rows: pd.DataFrame, examination: Examination | None, unshown_weight: float
) -> np.ndarray:
    """Say how much each candidate teaches.

    A candidate that an impression led to take counts for all that would have been taken had
    everybody looked at its place: ``1 / examination``. What was shown and ignored counts once. A
    candidate that was not shown is unknown rather than bad, unless the user was shown nothing at
    all.

    Parameters
    ----------
    rows : DataFrame of length n
        ``is_relevant`` (taken in the label window), ``shown_rank`` (best place in the window, null
        if not shown), ``chosen_rank`` (place of the impression that led to that, null if none did)
        and ``has_impressions`` (whether the user was shown anything in the window).
    examination : Examination, optional
        Without it every place counts as the first.
    unshown_weight : float
        Of what was neither shown nor taken, for users who were shown something; in (0, 1].

    Returns
    -------
    ndarray of shape (n,), float64
        > 0. What was taken without an impression that led to it, or by users who were shown
        nothing, counts 1, as in a time split.

    References
    ----------
    Joachims, Swaminathan, Schnabel (2017), WSDM, equation 4: the weight ``1 / propensity`` of a
    click, which makes the mean loss of the clicked ones that of the relevant ones.
    """
    taken = rows["is_relevant"].to_numpy(dtype=bool)
    shown = rows["shown_rank"].notna().to_numpy()
    unknown = ~taken & ~shown & rows["has_impressions"].to_numpy(dtype=bool)
    weights = np.where(unknown, unshown_weight, 1.0)
    if examination is not None:
        through = taken & rows["chosen_rank"].notna().to_numpy()
        places = rows["chosen_rank"].to_numpy(dtype=np.float64, na_value=np.nan)[through]
        weights[through] = position_weights(examination, places.astype(np.int64))
    return weights
