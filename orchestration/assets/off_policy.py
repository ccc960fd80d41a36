"""What other policies would have earned on the logged impressions."""

import dagster as dg
import numpy as np
import pandas as pd

from ml.off_policy.frames import any_of, logged_actions, personal_lists, same_list_for_all
from ml.off_policy.log import Target
from ml.off_policy.values import OffPolicyParams, off_policy_values
from ml.schemas.evaluation import OffPolicyValues
from orchestration.off_policy_lists import PolicyLists, read_lists
from orchestration.resources import MappedLog, Warehouse

OUTCOMES = {"is_clicked": "clicked", "is_chosen": "chosen"}
LOGGED = """
    select
        request_id, user_id, item_id, propensity_kind, shown_rank, propensity, is_clicked,
        is_chosen, cutoff_at, shown_at
    from experiments.exp_logged_actions
"""


@dg.asset(
    key=["ml", "off_policy_values"],
    deps=[
        ["experiments", "exp_logged_actions"],
        ["candidates", "cnd_popular_items"],
        ["ml", "factors"],
        ["training", "trn_user_item_weights"],
    ],
    group_name="experiments",
    kinds={"python"},
    pool="warehouse",
)
def off_policy(log: MappedLog, warehouse: Warehouse) -> dg.MaterializeResult:
    """Value the served lists, what is popular and chance from logged propensities."""
    with warehouse.connect() as connection:
        rows = connection.execute(LOGGED).df()
        lists = read_lists(connection, rows, repeats=log.read().repeats)
    values = pd.concat(
        [
            _values(rows, lists, column).assign(outcome=outcome)
            for column, outcome in OUTCOMES.items()
        ]
    )
    values["cutoff_at"] = rows["cutoff_at"].max()
    frame = values[list(OffPolicyValues.to_schema().columns)]
    warehouse.replace("ml.off_policy_values", frame)
    refused = values.loc[values["refusal"].notna(), ["policy", "places", "refusal"]]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(frame),
            "impressions": len(rows),
            "refused": dg.MetadataValue.md(_as_text(refused.drop_duplicates())),
        }
    )


def _values(rows: pd.DataFrame, lists: PolicyLists, outcome: str) -> pd.DataFrame:
    """Value every policy by one outcome."""
    item_ids = lists.item_ids(rows["item_id"])
    return off_policy_values(
        logged_actions(rows, item_ids, outcome), _targets(rows, lists, item_ids), OffPolicyParams()
    )


def _targets(rows: pd.DataFrame, lists: PolicyLists, item_ids: np.ndarray) -> dict[str, Target]:
    """Return what each policy would have shown in place of each row."""
    popular = {name: same_list_for_all(rows, item_ids, ids) for name, ids in lists.popular.items()}
    personal = {name: personal_lists(rows, item_ids, own) for name, own in lists.personal.items()}
    return {**popular, **personal, "uniform": any_of(rows, item_ids, lists.known)}


def _as_text(refused: pd.DataFrame) -> str:
    """Write the reasons down."""
    return f"```\n{refused.to_string(index=False)}\n```" if len(refused) else "none"
