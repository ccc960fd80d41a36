"""The lists of a release: what is read from the served tables."""

import duckdb

from orchestration.releases.rows import number_ids, write_ids, write_lists, write_texts
from orchestration.releases.writing import ReleaseWriter
from serving.bundle import ALL

# Everybody and everything that any other query names.
USERS = [
    "select user_id from serving.srv_users",
    "select user_id from serving.rec_user_top_items",
    "select user_id from serving.rec_user_segments",
    "select user_id from serving.srv_user_excluded_items",
]
ITEMS = [
    "select item_id from staging.stg_catalog__items",
    "select item_id from serving.srv_items",
    "select item_id from serving.rec_user_top_items",
    "select evidence_item_id from serving.rec_user_top_items",
    "select item_id from serving.srv_user_pools",
    "select evidence_item_id from serving.srv_user_pools",
    "select item_id from serving.rec_popular_items",
    "select item_id from serving.rec_item_neighbours",
    "select neighbour_item_id from serving.rec_item_neighbours",
    "select item_id from serving.srv_user_excluded_items",
    """
    select item_id from training.trn_user_item_weights
    where cutoff_at = (select generated_at from serving.rec_release)
    """,
    "select entity_id from ml.factors where entity = 'item'",
]
SOURCES = """
    select source from serving.rec_user_top_items
    union
    select source from serving.srv_user_pools
    union
    select source from serving.rec_item_neighbours
    order by source
"""
SEGMENTS = f"select segment from serving.rec_popular_items union select '{ALL}'"
CATEGORIES = "select category from staging.stg_catalog__items"
LISTS = """
    select
        users.number,
        items.number,
        coalesce(lists.score, 'nan'),
        sources.number,
        coalesce(evidence.number, -1),
        coalesce(lists.evidence_count, -1)
    from serving.rec_user_top_items as lists
    inner join release_users as users on lists.user_id = users.id
    inner join release_items as items on lists.item_id = items.id
    inner join release_sources as sources on lists.source = sources.id
    left join release_items as evidence on lists.evidence_item_id = evidence.id
    order by users.number, lists.recommended_rank
"""
POOLS = """
    with ordered as (
        select
            pools.*,
            row_number() over (
                partition by pools.user_id
                order by pools.tier, pools.rank_in_tier, pools.item_id
            ) as place
        from serving.srv_user_pools as pools
        anti join serving.rec_user_top_items as lists
            on pools.user_id = lists.user_id and pools.item_id = lists.item_id
        qualify place <= {limit}
    )
    select
        users.number,
        items.number,
        coalesce(ordered.score, 'nan'),
        sources.number,
        coalesce(evidence.number, -1)
    from ordered
    inner join release_users as users on ordered.user_id = users.id
    inner join release_items as items on ordered.item_id = items.id
    inner join release_sources as sources on ordered.source = sources.id
    left join release_items as evidence on ordered.evidence_item_id = evidence.id
    order by users.number, ordered.place
"""
NEIGHBOURS = """
    select
        items.number, neighbours.number, lists.score, sources.number, lists.support
    from serving.rec_item_neighbours as lists
    inner join release_items as items on lists.item_id = items.id
    inner join release_items as neighbours on lists.neighbour_item_id = neighbours.id
    inner join release_sources as sources on lists.source = sources.id
    order by items.number, lists.neighbour_rank
"""
POPULAR = """
    select
        segments.number,
        items.number,
        coalesce(lists.score, 'nan'),
        coalesce(lists.user_count_28d, -1)
    from serving.rec_popular_items as lists
    inner join release_segments as segments on lists.segment = segments.id
    inner join release_items as items on lists.item_id = items.id
    order by segments.number, lists.popularity_rank
"""
EXCLUDED = """
    select users.number, items.number
    from serving.srv_user_excluded_items as excluded
    inner join release_users as users on excluded.user_id = users.id
    inner join release_items as items on excluded.item_id = items.id
    order by users.number, items.number
"""
HISTORY = """
    select users.number, items.number, weights.weight
    from training.trn_user_item_weights as weights
    inner join release_users as users on weights.user_id = users.id
    inner join release_items as items on weights.item_id = items.id
    where weights.cutoff_at = (select generated_at from serving.rec_release)
    order by users.number, items.number
"""


def number_everything(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Give users, items, segments, categories and sources their numbers; count them."""
    numbered = {
        "users": USERS,
        "items": ITEMS,
        "segments": [SEGMENTS],
        "categories": [CATEGORIES],
        "sources": [SOURCES],
    }
    return {
        name: number_ids(connection, f"release_{name}", queries)
        for name, queries in numbered.items()
    }


def write_names(writer: ReleaseWriter, connection: duckdb.DuckDBPyConnection) -> None:
    """Write ids and names."""
    write_ids(writer, connection, "user_id", "release_users")
    write_ids(writer, connection, "item_id", "release_items")
    write_ids(writer, connection, "segment", "release_segments")
    write_ids(writer, connection, "category", "release_categories")
    write_texts(
        writer,
        connection,
        "title",
        """
        select coalesce(catalog.title, '')
        from release_items as items
        left join staging.stg_catalog__items as catalog on items.id = catalog.item_id
        order by items.number
        """,
    )


def write_all_lists(
    writer: ReleaseWriter,
    connection: duckdb.DuckDBPyConnection,
    counts: dict[str, int],
    pool_size: int,
) -> dict[str, int]:
    """Write every list, history and exclusion; return how many rows each table has.

    Parameters
    ----------
    writer : ReleaseWriter
        Of the release.
    connection : DuckDBPyConnection
        To the warehouse, in which everything was numbered.
    counts : dict of str to int
        Of `number_everything`.
    pool_size : int
        Most items kept of what follows a user's list.
    """
    users, items = counts["users"], counts["items"]
    ranked = ["item", "score", "source", "evidence"]
    tables = [
        ("list", [*ranked, "evidence_count"], users, LISTS),
        ("pool", ranked, users, POOLS.format(limit=pool_size)),
        ("neighbour", ["item", "score", "source", "support"], items, NEIGHBOURS),
        ("popular", ["item", "score", "user_count"], counts["segments"], POPULAR),
        ("excluded", ["item"], users, EXCLUDED),
        ("history", ["item", "weight"], users, HISTORY),
    ]
    return {
        table: write_lists(writer, connection, table, columns, owners, query)
        for table, columns, owners, query in tables
    }
