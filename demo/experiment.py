"""What the warehouse found of the experiment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from demo.plan import EXPERIMENT, TREATMENT

METRIC = "d7_return"
RESULT = """
    select
        control_value, value, difference, lower, upper, one_look_lower, one_look_upper,
        plain_difference, variance_reduction, user_count, control_user_count, mature_share, refusal
    from experiments.exp_results
    where experiment_id = ? and variant = ? and metric = ? and slice_name = 'all'
"""
LOOKS = """
    select
        cast(exposed_date as varchar) as exposed_date, difference, lower, upper, user_count,
        control_user_count
    from experiments.exp_looks
    where experiment_id = ? and variant = ? and metric = ?
    order by exposed_date
"""
VERDICT = """
    select verdict, words
    from experiments.exp_decisions
    where experiment_id = ? and variant = ? and step = 'verdict'
"""


class NoResultError(RuntimeError):
    """The warehouse has no result of the experiment."""


@dataclass(frozen=True)
class Measured:
    """What the experiment found.

    Attributes
    ----------
    result : dict
        Of `exp_results`: the return on the seventh day, over all users.
    looks : list of dict
        Of `exp_looks`, by date.
    verdict, words : str
        Of `exp_decisions`.
    """

    result: dict[str, Any]
    looks: list[dict[str, Any]]
    verdict: str
    words: str


def measured(snapshot: Path) -> Measured:
    """Read what the last run found.

    Parameters
    ----------
    snapshot : Path
        What it published.

    Raises
    ------
    NoResultError
        If the experiment is not among the results.
    """
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        keys = [EXPERIMENT, TREATMENT]
        results = _rows(connection, RESULT, [*keys, METRIC])
        looks = _rows(connection, LOOKS, [*keys, METRIC])
        verdicts = _rows(connection, VERDICT, keys)
    if not results or not verdicts:
        raise NoResultError(
            f"{snapshot} has no result of {EXPERIMENT!r}; is its line in seeds/experiments.csv?"
        )
    return Measured(results[0], looks, verdicts[0]["verdict"], verdicts[0]["words"])


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: list[str]
) -> list[dict[str, Any]]:
    answer = connection.execute(query, values)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
