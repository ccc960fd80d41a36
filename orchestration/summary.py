"""What a run took in and what came out of it."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from ml.ranker_choice import IMPRESSION_RANKER
from orchestration.lookups import Row, evaluation_rows, rows_of

DELIVERIES = """
    select outcome, delivery_count from intermediate.int_deliveries_by_outcome
    order by delivery_count desc, outcome
"""
FRESHNESS = "select user_count, item_count, last_interacted_at from monitoring.mon_log_freshness"
CUTOFFS = "select role, cutoff_at, label_until from intermediate.int_cutoffs order by cutoff_at"
CHOICE = f"""
    select
        role,
        if(contender = '{IMPRESSION_RANKER}', 'ranker taught by impressions', contender) as chosen,
        reason
    from ml.ranker_choices
    where is_chosen
"""
RELEASE = "select release_id from serving.rec_release"
LISTS = """
    select
        count(distinct user_id) as user_count,
        count(*) as row_count,
        min(user_id) as example_user_id,
        min(item_id) as example_item_id
    from serving.rec_user_top_items
"""


@dataclass(frozen=True)
class Summary:
    """A run in numbers.

    Attributes
    ----------
    accepted : int
        Rows of the log that were used.
    rejected : dict of str to int
        Rows that were not, by reason, most frequent first.
    users, items : int
        Distinct ones in the accepted rows.
    last_event_at : str
        Moment of the latest accepted row, UTC.
    cutoffs : list of dict
        `role`, `cutoff_at` and `label_until` of every moment.
    order : str, optional
        What the candidates of the lists are ordered by, and why.
    measured_order : str, optional
        The same of the lists of the test period, which `evaluation` is of: it was chosen on the
        period before.
    release_id : str
        What was published.
    listed_users, listed_items : int
        Users with a list of their own, and rows of these lists.
    evaluation : list of dict
        Of `evaluation_rows`.
    example_user_id, example_item_id : str, optional
        To try the lookups with.
    """

    accepted: int
    rejected: dict[str, int]
    users: int
    items: int
    last_event_at: str
    cutoffs: list[Row]
    order: str | None
    measured_order: str | None
    release_id: str
    listed_users: int
    listed_items: int
    evaluation: list[Row]
    example_user_id: str | None
    example_item_id: str | None


def summarise(warehouse: Path, snapshot: Path) -> Summary:
    """Read what the last run left.

    Parameters
    ----------
    warehouse : Path
        The DuckDB file that dbt built; nobody else has it open.
    snapshot : Path
        The published DuckDB file.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        deliveries = rows_of(connection, DELIVERIES)
        freshness = rows_of(connection, FRESHNESS)[0]
        cutoffs = rows_of(connection, CUTOFFS)
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        lists = rows_of(connection, LISTS)[0]
        release = rows_of(connection, RELEASE)[0]
        orders = chosen_orders(connection)
        evaluation = evaluation_rows(connection)
    outcomes = {row["outcome"]: row["delivery_count"] for row in deliveries}
    return Summary(
        accepted=outcomes.pop("accepted", 0),
        rejected=outcomes,
        users=freshness["user_count"],
        items=freshness["item_count"],
        last_event_at=freshness["last_interacted_at"],
        cutoffs=cutoffs,
        order=orders.get("serve"),
        measured_order=orders.get("evaluate"),
        release_id=release["release_id"],
        listed_users=lists["user_count"],
        listed_items=lists["row_count"],
        evaluation=evaluation,
        example_user_id=lists["example_user_id"],
        example_item_id=lists["example_item_id"],
    )


def chosen_orders(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return by role (`serve`, `evaluate`) what orders candidates, and why."""
    rows = rows_of(connection, CHOICE)
    return {row["role"]: f"{row['chosen']}: {row['reason']}" for row in rows}
