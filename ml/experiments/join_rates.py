"""Whether what users do still finds the list that led to it, while an experiment runs."""

import pandas as pd

from ml.experiments.steps import Bounds

# A few interactions say nothing about a log.
LEAST_INTERACTIONS = 100


def broken_join_rates(checks: pd.DataFrame, bounds: Bounds | None = None) -> list[str]:
    """Say of each running experiment whose interactions lose their lists what to do.

    Parameters
    ----------
    checks : DataFrame
        `exp_checks`: a rate is null where no interaction names a list or none is shown.
    bounds : Bounds, optional
        The defaults when left out.

    Returns
    -------
    list of str
        Value, bound and remedy, by experiment; empty when nothing is wrong. An experiment that is
        over stops in its verdict alone: nothing can be repaired any more.
    """
    least = (bounds or Bounds()).join_rate
    broken = checks.loc[
        (checks["join_rate"] < least)
        & (checks["naming_count"] >= LEAST_INTERACTIONS)
        & (checks["ends_at"] > checks["observed_until"])
        & (checks["starts_at"] <= checks["observed_until"])
    ].sort_values("experiment_id")
    return [
        f"the join rate of {row['experiment_id']!r} must be >= {least:.0%}, got "
        f"{row['join_rate']:.1%} of {row['naming_count']:,} interactions that name a list; no "
        f"impression of the others' item is found in it in the {row['join_window_hours']:g} hours "
        "before. Map or log the impressions of all lists with the request_id that events name, "
        f"raise attribution_hours, or end the experiment (ends_at in {row['written_in']})"
        for row in broken.to_dict("records")
    ]
