"""Two policies that ran side by side: each is valued from the log of the other."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from ml.intervals import bootstrap_mean
from ml.off_policy.log import LoggedActions, Target, uniform_target
from ml.off_policy.values import ALL, OffPolicyParams, off_policy_values

COLUMNS = ["item_id", "value", "campaign", "policy", "position", "propensity_score"]
RANDOM, THOMPSON = "random", "bts"


class BanditLogError(ValueError):
    """A file that is no log of two policies."""


def read_bandit_log(folder: Path) -> pd.DataFrame:
    """Read the impressions of a folder.

    Parameters
    ----------
    folder : Path
        Holds ``events.parquet`` with `COLUMNS`: a row for each item shown, its place, the
        probability of that item at that place, and whether it was clicked (``value``).

    Returns
    -------
    DataFrame
        `COLUMNS`, in the order of the file.

    Raises
    ------
    BanditLogError
        If the file or a column is missing, or it has not exactly the policies random and bts.
    """
    path = folder / "events.parquet"
    if not path.is_file():
        raise BanditLogError(f"{path} does not exist; name the folder with --data")
    missing = sorted(set(COLUMNS) - set(pq.read_schema(path).names))
    if missing:
        raise BanditLogError(f"{path} has no column {', '.join(missing)}")
    frame = pq.read_table(path, columns=COLUMNS).to_pandas()
    policies = sorted(frame["policy"].unique())
    if policies != [THOMPSON, RANDOM]:
        raise BanditLogError(f"{path} must hold the policies bts and random, got {policies}")
    return frame


def cross_values(frame: pd.DataFrame, params: OffPolicyParams) -> pd.DataFrame:
    """Value each policy from the log of the other, campaign by campaign.

    Every impression counts as a user of its own: the log has no users, and lists are not told
    apart. What Thompson sampling would show is taken from the shares of its own impressions at each
    place; its probabilities changed all the time, and were not logged for items not shown.

    Parameters
    ----------
    frame : DataFrame
        As of `read_bandit_log`.
    params : OffPolicyParams

    Returns
    -------
    DataFrame
        The rows of `off_policy_values` over all places, with ``campaign``, ``source`` (whose log
        it is) and ``policy``, and ``observed``, ``observed_lower``, ``observed_upper``: the
        click rate of the policy in its own log.
    """
    parts = []
    for campaign, rows in frame.groupby("campaign"):
        items = np.unique(rows["item_id"])
        for source, policy in ((RANDOM, THOMPSON), (THOMPSON, RANDOM)):
            logged, other = (rows[rows["policy"] == name] for name in (source, policy))
            log = _log(logged, items)
            target = _target(other, policy, items, log)
            values = off_policy_values(log, {policy: target}, params)
            observed = bootstrap_mean(other["value"].to_numpy(), params.resamples, params.level)
            parts.append(
                values[values["places"] == ALL].assign(
                    campaign=campaign,
                    source=source,
                    observed=observed.value,
                    observed_lower=observed.lower,
                    observed_upper=observed.upper,
                )
            )
    return pd.concat(parts, ignore_index=True)


def _log(rows: pd.DataFrame, items: np.ndarray) -> LoggedActions:
    """Impressions of one policy in numbers."""
    numbers = np.arange(len(rows))
    return LoggedActions(
        users=numbers,
        requests=numbers,
        places=rows["position"].to_numpy(),
        actions=np.searchsorted(items, rows["item_id"]),
        propensities=rows["propensity_score"].to_numpy(),
        outcomes=rows["value"].to_numpy(),
    )


def _target(rows: pd.DataFrame, policy: str, items: np.ndarray, log: LoggedActions) -> Target:
    """Return what the policy of `rows` shows at the places of `log`."""
    if policy == RANDOM:
        return uniform_target(log.size, items.size)
    shown = np.zeros((int(max(rows["position"].max(), log.places.max())), items.size))
    np.add.at(shown, (rows["position"] - 1, np.searchsorted(items, rows["item_id"])), 1.0)
    totals = np.maximum(shown.sum(axis=1, keepdims=True), 1.0)
    return Target(csr_matrix(shown / totals), log.places - 1)
