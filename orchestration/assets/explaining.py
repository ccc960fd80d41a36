"""Why the ranker scored some served rows as it did."""

import dagster as dg
import pandas as pd

from ml.explanations import explain_scores, long_explanations
from ml.ranker_trees import RankerTables
from orchestration.attributes import with_attributes
from orchestration.explanations import read_ranker
from orchestration.figures import explanation_figures
from orchestration.resources import MappedLog, Warehouse

# Enough to see what moves the scores; SHAP takes milliseconds a row.
SAMPLED_ROWS = 500
# By a hash, so that the same lists give the same sample.
SAMPLE = f"""
    select rnk_frame.*
    from ranking.rnk_frame
    inner join serving.rec_user_top_items
        on
            rnk_frame.user_id = rec_user_top_items.user_id
            and rnk_frame.item_id = rec_user_top_items.item_id
    inner join serving.rec_release
        on rnk_frame.cutoff_at = rec_release.ranked_at
    where rec_user_top_items.score is not null
    order by md5(rnk_frame.user_id || ' ' || rnk_frame.item_id), rnk_frame.user_id
    limit {SAMPLED_ROWS}
"""


@dg.asset(
    key=["ml", "ranker_explanations"],
    deps=[
        ["serving", "rec_user_top_items"],
        ["serving", "rec_release"],
        ["ranking", "rnk_frame"],
        ["ml", "rankers"],
        ["ml", "ranker_trees"],
        ["ml", "ranker_encodings"],
    ],
    group_name="learning",
    kinds={"python"},
    pool="warehouse",
)
def explanations(log: MappedLog, warehouse: Warehouse) -> dg.MaterializeResult:
    """Say for a sample of the served rows what each feature added to their scores."""
    with warehouse.connect() as connection:
        tables = read_ranker(connection)
        features = [] if tables is None else list(tables.ranker["features"].iloc[0])
        sample = connection.execute(with_attributes(SAMPLE, features)).df()
    blocks = [] if tables is None else [_explained(tables, sample)]
    count = warehouse.replace_by_blocks("ml.ranker_explanations", lambda _: iter(blocks))
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": count,
            **explanation_figures(blocks, log.places().plots),
        }
    )


def _explained(tables: RankerTables, sample: pd.DataFrame) -> pd.DataFrame:
    return long_explanations(tables, explain_scores(tables, sample), sample)
