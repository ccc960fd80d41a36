"""Literal feature rows, the entities that ask for them, and what SQL says they may see."""

from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import pyarrow as pa
from feast import FeatureView
from feast.types import Int64

from feature_repo.definitions import build_views
from feature_repo.store import StorePlaces

FIRST = datetime(2024, 1, 2, tzinfo=UTC)
# A live log is served from its clock, not from midnight.
SECOND = datetime(2024, 1, 9, 10, 30, 0, 250_001, tzinfo=UTC)
THIRD = datetime(2024, 1, 10, tzinfo=UTC)
ODD_IDS = [
    "",
    "9223372036854775807",
    "o'neil",
    'say "hi"',
    "größe 靴",
    "a;drop",
    " ",
    "\\x00",
    "%_",
]
# user_id, item_id, category of every entity that has rows at all three moments.
ENTITIES = [("u1", "i1", "shoes"), ("u1", "i2", "hats"), ("u2", "i1", "hats")] + [
    (odd, odd, odd) for odd in ODD_IDS
]
# The first whole number that a float cannot hold. Feast reads columns with nulls as floats when it
# fills the online store, so only columns without have such numbers.
BEYOND_FLOAT = 2**53 + 1
# All views have this one.
TTL = timedelta(days=3)
MICROSECOND = timedelta(microseconds=1)
MOMENTS = [
    FIRST - MICROSECOND,
    FIRST,
    FIRST + timedelta(hours=9),
    FIRST + TTL,
    FIRST + TTL + MICROSECOND,
    FIRST + TTL + timedelta(seconds=1),
    SECOND - MICROSECOND,
    SECOND,
    THIRD - MICROSECOND,
    THIRD,
    THIRD + TTL,
    THIRD + TTL + timedelta(seconds=1),
]
TYPES = {pa.int64(): pd.Int64Dtype()}


def feature_rows(view: FeatureView) -> pd.DataFrame:
    """Make up rows of a view at the three moments; every second column has nulls."""
    keys = list(view.join_keys)
    entities = pd.DataFrame(ENTITIES, columns=["user_id", "item_id", "category"])
    entities = entities[keys].drop_duplicates(ignore_index=True)
    blocks = []
    for step, moment in enumerate([FIRST, SECOND, THIRD]):
        block = entities.assign(feature_at=moment.replace(tzinfo=None))
        for place, field in enumerate(view.features):
            values = block.index.to_series() + 1000 * place + 100_000 * step
            if place % 2:
                values = values.astype("Int64").where((block.index + place + step) % 7 > 0)
            elif field.dtype == Int64:
                values = values + BEYOND_FLOAT
            block[field.name] = values if field.dtype == Int64 else values / 7
        blocks.append(block)
    return pd.concat(blocks, ignore_index=True)


def entity_frame(moments: list[datetime]) -> pd.DataFrame:
    """Every entity, a stranger and one without category, at every moment."""
    entities = [*ENTITIES, ("stranger", "i9", "socks"), ("u1", "i1", None), (None, "i1", "hats")]
    return pd.DataFrame(
        [(*entity, moment) for moment in moments for entity in entities],
        columns=["user_id", "item_id", "category", "event_timestamp"],
    )


def asof_join(entities: pd.DataFrame, places: StorePlaces) -> pd.DataFrame:
    """Latest row of each view at or before each moment, unless older than the ttl, in SQL."""
    connection = duckdb.connect()
    connection.sql("set timezone = 'UTC'")
    connection.register("entities", entities.reset_index(names="place"))
    columns = []
    for view in build_views(places.features):
        names = ", ".join(
            f"case when entities.event_timestamp - rows_at.feature_at <= interval"
            f" '{view.ttl.total_seconds()} seconds'"
            f" then rows_at.{field.name} end as {view.name}__{field.name}"
            for field in view.features
        )
        keys = " and ".join(f"entities.{key} = rows_at.{key}" for key in view.join_keys)
        joined = connection.sql(
            f"""
            with rows_at as (
                select * replace (feature_at at time zone 'UTC' as feature_at)
                from '{view.batch_source.path}'
            )
            select {names} from entities asof left join rows_at
            on {keys} and entities.event_timestamp >= rows_at.feature_at
            order by entities.place
            """
        )
        columns.append(joined.arrow().read_all().to_pandas(types_mapper=TYPES.get))
    return pd.concat(columns, axis=1)
