"""How long until users come back: the share that has not yet, day by day."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from ml.experiments.sequences import LEVEL

SURVIVAL_COLUMNS = [
    "experiment_id",
    "variant",
    "day_number",
    "at_risk_count",
    "returned_count",
    "away_share",
    "lower",
    "upper",
]


def return_survival(counts: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Estimate the share of users who have not come back by the end of each day.

    Parameters
    ----------
    counts : DataFrame
        `ret_survival`: `experiment_id, variant, day_number, at_risk_count, returned_count`.
    level : float
        Of the interval of each day by itself, in (0, 1).

    Returns
    -------
    DataFrame
        `SURVIVAL_COLUMNS`. The interval has no width where nobody or everybody is back.

    References
    ----------
    Kaplan, Meier (1958), JASA 53(282); Greenwood's variance on the scale log(-log), as in
    Kalbfleisch, Prentice (2002), section 1.4.
    """
    keys = ["experiment_id", "variant"]
    frame = counts.sort_values([*keys, "day_number"], ignore_index=True)
    at_risk = frame["at_risk_count"].astype(float)
    returned = frame["returned_count"].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        frame["step"] = 1 - returned / at_risk
        frame["growth"] = returned / (at_risk * (at_risk - returned))
        groups = frame.groupby(keys, sort=False)
        away = groups["step"].cumprod().to_numpy()
        error = np.sqrt(groups["growth"].cumsum().to_numpy()) / np.abs(np.log(away))
        reach = norm.ppf((1 + level) / 2) * error
        lower, upper = away ** np.exp(reach), away ** np.exp(-reach)
    inner = (away > 0) & (away < 1) & np.isfinite(error)
    return frame.assign(
        away_share=away,
        lower=np.where(inner, lower, away),
        upper=np.where(inner, upper, away),
    )[SURVIVAL_COLUMNS]
