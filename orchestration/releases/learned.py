"""What was learned, as a release keeps it: items, segments, factors and the evaluation."""

from dataclasses import fields
from typing import Any

import duckdb
import numpy as np

from ml.als import AlsParams
from orchestration.releases.rows import BLOCK_ROWS, write_columns
from orchestration.releases.writing import ReleaseWriter
from serving.bundle_models import EVENT_TYPES

ITEM_COLUMNS = {
    "item_has_title": "catalog.title is not null",
    "item_category": "coalesce(categories.number, -1)",
    "item_is_available": "coalesce(catalog.is_available, true)",
    "item_is_offered": "offered.item_id is not null",
    "item_pinned_rank": "coalesce(offered.pinned_rank, -1)",
    "item_category_limit": "coalesce(offered.category_limit, -1)",
    "item_list_factor": "coalesce(offered.rule_factor * offered.taste_factor, 1)",
    "item_factor_row": "coalesce(factored.row, -1)",
}
ITEMS = f"""
    select {", ".join(ITEM_COLUMNS.values())}
    from release_items as items
    left join staging.stg_catalog__items as catalog on items.id = catalog.item_id
    left join release_categories as categories on catalog.category = categories.id
    left join serving.srv_items as offered on items.id = offered.item_id
    left join release_factored as factored on items.number = factored.item
    order by items.number
"""
SEGMENTS = """
    select coalesce(segments.number, -1)
    from release_users as users
    left join serving.rec_user_segments as own on users.id = own.user_id
    left join release_segments as segments on own.segment = segments.id
    order by users.number
"""
# Vectors of the moment that was factorised last; in a whole run, that of the lists.
FACTORED = """
    create or replace temp table release_factored as
    select
        items.number as item,
        cast(row_number() over (order by items.number) - 1 as integer) as row
    from ml.factors
    inner join release_items as items on factors.entity_id = items.id
    where
        factors.entity = 'item'
        and factors.cutoff_at = (select max(cutoff_at) from ml.factorisations)
"""
VECTORS = """
    select factors.factors
    from ml.factors
    inner join release_items as items on factors.entity_id = items.id
    where
        factors.entity = 'item'
        and factors.cutoff_at = (select max(cutoff_at) from ml.factorisations)
    order by items.number
"""
JUDGED = """
    create or replace temp table release_judged as
    select
        users.number,
        own.ndcg_10 as value,
        coalesce(baselines.ndcg_10, 'nan') as baseline,
        own.cutoff_at
    from ml.user_metrics as own
    inner join release_users as users on own.user_id = users.id
    left join ml.user_metrics as baselines
        on
            own.user_id = baselines.user_id
            and own.setting = baselines.setting
            and baselines.system = $baseline
    where own.system = 'two_stage' and own.setting = $setting and own.ndcg_10 is not null
"""


def write_items(writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection, count: int) -> None:
    """Write what is known of each of `count` items, and which of them have vectors."""
    connection.execute(FACTORED)
    write_columns(writer, connection, list(ITEM_COLUMNS), count, ITEMS)


def write_segments(
    writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection, count: int
) -> None:
    """Write the segment of each of `count` users."""
    write_columns(writer, connection, ["user_segment"], count, SEGMENTS)


def write_factors(
    writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection
) -> dict[str, Any] | None:
    """Write the vectors of the items; return parameters and the size that folding in needs."""
    names = ", ".join(column.name for column in fields(AlsParams))
    rows = connection.execute(
        f"select mean_user_size, {names} from ml.factorisations order by cutoff_at desc limit 1"
    ).fetchall()
    depth = int(rows[0][1]) if rows else 0
    ((count,),) = connection.execute("select count(*) from release_factored").fetchall()
    write_columns(
        writer, connection, ["factor_item"], count, "select item from release_factored order by row"
    )
    vectors = writer.array("item_factors", count, depth)
    gram = np.zeros((depth, depth))
    if count:
        for batch in connection.execute(VECTORS).to_arrow_reader(BLOCK_ROWS):
            flat = batch.column(0).flatten().to_numpy(zero_copy_only=False)
            block = flat.reshape(-1, depth).astype(np.float32)
            vectors.append(block)
            gram += block.astype(np.float64).T @ block.astype(np.float64)
    writer.whole("gram", gram)
    if not rows:
        return None
    size, *values = rows[0]
    params = {column.name: value for column, value in zip(fields(AlsParams), values, strict=True)}
    return {"params": params, "mean_user_size": size}


def write_evaluation(
    writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection, setting: str
) -> dict[str, Any] | None:
    """Write how well each user of the evaluation would have been served; say what was measured.

    Parameters
    ----------
    writer : ReleaseWriter
        Of the release.
    connection : DuckDBPyConnection
        To the warehouse.
    setting : str
        `new_items` or `with_repeats`, as the lists are.
    """
    told = connection.execute(
        """
        select any_value(baseline_system) from evaluation.evl_metric_intervals
        where setting = ? and system = 'two_stage' and metric = 'ndcg_10'
        """,
        [setting],
    ).fetchall()[0][0]
    connection.execute(JUDGED, {"setting": setting, "baseline": told})
    ((count, moment),) = connection.execute(
        "select count(*), max(cutoff_at) from release_judged"
    ).fetchall()
    names = ["judged_user", "judged_value", "judged_baseline"]
    query = "select number, value, baseline from release_judged order by number"
    write_columns(writer, connection, names, count, query)
    if not count:
        return None
    return {
        "setting": setting,
        "metric": "ndcg_10",
        "cutoff_at": str(moment),
        "baseline": told,
        "user_count": count,
    }


def write_event_types(
    writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection, mapping: str
) -> None:
    """Write what the types of events of a log mean."""
    rows = connection.execute(
        """
        select event_type, role, weight, half_life_days, daily_cap from seeds.event_types
        where mapping = ?
        order by event_type
        """,
        [mapping],
    ).fetchall()
    names = ("role", "weight", "half_life_days", "daily_cap")
    writer.json(EVENT_TYPES, {name: dict(zip(names, row, strict=True)) for name, *row in rows})
