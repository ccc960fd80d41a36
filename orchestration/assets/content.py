"""What the catalogue says of items that nobody has been seen with and another that is offered."""

import json

import dagster as dg
import numpy as np
import pandas as pd

from ml.cold_start import content_neighbours
from ml.content import ContentParams, read_content
from orchestration.resources import Warehouse

ITEMS = """
    select item_id, title, category, cast(to_json(attributes) as varchar) as attributes
    from staging.stg_catalog__items
"""
# Items without a neighbour by co-visitation that may be offered, as in `rec_item_neighbours`, and
# those with a history, which may stand beside them.
LONELY = """
    select item_id from staging.stg_catalog__items
    anti join (
        select neighbours.item_id
        from candidates.cnd_item_neighbours as neighbours
        join serving.srv_items as items on neighbours.neighbour_item_id = items.item_id
        where cutoff_at = (select cutoff_at from intermediate.int_cutoffs where role = 'serve')
    ) using (item_id)
"""
TOUCHED = """
    select item_id from candidates.cnd_popular_items
    where
        segment = 'all'
        and cutoff_at = (select cutoff_at from intermediate.int_cutoffs where role = 'serve')
"""


class ContentConfig(dg.Config):
    """Run-time choices for content."""

    fewest_items: int = ContentParams.fewest_items
    # More than are served: some cannot be had, or are excluded by a rule.
    limit: int = 50

    def params(self) -> ContentParams:
        """Return how content is read."""
        return ContentParams(fewest_items=self.fewest_items)


@dg.asset(
    key=["ml", "content_neighbours"],
    deps=[
        ["staging", "stg_catalog__items"],
        ["candidates", "cnd_item_neighbours"],
        ["candidates", "cnd_popular_items"],
        ["intermediate", "int_cutoffs"],
        ["serving", "srv_items"],
    ],
    group_name="learning",
    kinds={"python", "scikitlearn"},
    pool="warehouse",
)
def similar_contents(config: ContentConfig, warehouse: Warehouse) -> dg.MaterializeResult:
    """Find for items without neighbours those whose title, category and attributes are alike."""
    with warehouse.connect() as connection:
        items = connection.execute(ITEMS).df()
        lonely = connection.execute(LONELY).df()["item_id"].to_numpy()
        touched = connection.execute(TOUCHED).df()["item_id"].to_numpy()
    read = [json.loads(text) if text else None for text in items["attributes"]]
    attributes = pd.Series(read, index=items.index, dtype=object)
    content = read_content(items.assign(attributes=attributes), config.params())
    neighbours = content_neighbours(content, lonely, touched, config.limit)
    count = warehouse.replace("ml.content_neighbours", neighbours)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": count,
            "items without neighbours by co-visitation": len(lonely),
            "of these answered by content": int(np.unique(neighbours["item_id"]).size),
        }
    )
