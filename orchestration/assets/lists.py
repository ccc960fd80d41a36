"""Lists by more than the chance of being taken: the diverse order, and what each choice costs."""

from collections.abc import Iterator

import dagster as dg
import duckdb
import pandas as pd

from ml.diversity import DiversityParams, Likeness, build_likeness, diverse_blocks
from ml.list_costs import list_costs
from orchestration.blocks import blocks_of_users
from orchestration.figures import list_cost_figures
from orchestration.resources import MappedLog, Warehouse
from orchestration.reviewed import overridden

# Lambdas whose cost is measured, whichever is served, on as many items as a judged list has.
MEASURED = (0.9, 0.7, 0.5)
JUDGED_LENGTH = 10
CUTOFFS = "select cutoff_at from intermediate.int_cutoffs where role = '{role}'"
OFFERS = """
    select user_id, item_id, ranked_position as position, score
    from ml.ranked_candidates
    where cutoff_at = ? and (not is_seen or ?)
"""
ITEMS = "select item_id, category from staging.stg_catalog__items"
NEIGHBOURS = """
    select item_id, neighbour_item_id, candidate_score
    from candidates.cnd_item_neighbours
    where cutoff_at = ?
"""
LISTS = """
    select choice, strength, user_id, item_id, recommended_rank as rank
    from evaluation.evl_choice_lists
"""
RELEVANT = "select user_id, item_id from evaluation.evl_relevant_pairs where setting = ?"
QUALITY = "select * exclude (user_count) from evaluation.evl_choice_quality"


class DiversityConfig(dg.Config):
    """Run-time choices of diversity; None where the reviewed settings decide."""

    trade_off: float | None = None
    depth: int | None = None


@dg.asset(
    key=["ml", "diverse_positions"],
    deps=[
        ["ml", "ranked_candidates"],
        ["candidates", "cnd_item_neighbours"],
        ["staging", "stg_catalog__items"],
    ],
    group_name="learning",
    kinds={"python"},
    pool="warehouse",
)
def diverse_positions(
    config: DiversityConfig, log: MappedLog, warehouse: Warehouse
) -> dg.MaterializeResult:
    """Order the best candidates so that they differ, by maximal marginal relevance."""
    params = overridden(log.reviewed().diversity, config)
    count = warehouse.replace_by_blocks(
        "ml.diverse_positions",
        lambda connection: _orders(connection, params, repeats=log.read().repeats),
    )
    return dg.MaterializeResult(
        metadata={"dagster/row_count": count, "trade_off": params.trade_off}
    )


@dg.asset(
    key=["ml", "list_costs"],
    deps=[
        ["evaluation", "evl_choice_lists"],
        ["evaluation", "evl_choice_quality"],
        ["evaluation", "evl_relevant_pairs"],
    ],
    group_name="evaluation",
    kinds={"python"},
    pool="warehouse",
)
def measured_list_costs(log: MappedLog, warehouse: Warehouse) -> dg.MaterializeResult:
    """Measure what rules, diversity, novelty and freshness cost in nDCG@10, user by user."""
    setting = "with_repeats" if log.read().repeats else "new_items"
    with warehouse.connect() as connection:
        lists = connection.execute(LISTS).df()
        relevant = connection.execute(RELEVANT, [setting]).df()
        quality = connection.execute(QUALITY).df()
    costs = list_costs(lists, relevant)
    warehouse.replace("ml.list_costs", costs)
    figures = list_cost_figures(costs.merge(quality, on=["choice", "strength"]), log.places().plots)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(costs), **figures})


def _orders(
    connection: duckdb.DuckDBPyConnection, params: DiversityParams, *, repeats: bool
) -> Iterator[pd.DataFrame]:
    """Order for the evaluation at the measured lambdas, and to serve if a lambda below 1 is set."""
    wanted: dict[str, tuple[tuple[float, ...], int]] = {"evaluate": (MEASURED, JUDGED_LENGTH)}
    if params.trade_off < 1:
        wanted["serve"] = ((params.trade_off,), params.depth)
    for role, (trade_offs, count) in wanted.items():
        for (cutoff_at,) in connection.execute(CUTOFFS.format(role=role)).fetchall():
            likeness = _likeness(connection, cutoff_at)
            for offers in blocks_of_users(connection, OFFERS, [cutoff_at, repeats]):
                for block in diverse_blocks(offers, likeness, trade_offs, params.depth, count):
                    yield block.assign(cutoff_at=cutoff_at)


def _likeness(connection: duckdb.DuckDBPyConnection, cutoff_at: object) -> Likeness:
    """Gather what was known at a cutoff of how alike items are."""
    items = connection.execute(ITEMS).df()
    neighbours = connection.execute(NEIGHBOURS, [cutoff_at]).df()
    # The catalogue need not list what people touch.
    touched = pd.concat([neighbours["item_id"], neighbours["neighbour_item_id"]]).drop_duplicates()
    unlisted = touched[~touched.isin(items["item_id"])].to_frame("item_id")
    return build_likeness(pd.concat([items, unlisted], ignore_index=True), neighbours)
