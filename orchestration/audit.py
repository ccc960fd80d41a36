"""Teaching the ranker with an attribute of users and without it: who is shown what."""

import shlex
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from ml.audit import audit_table
from ml.metrics import user_metrics
from ml.ordering import rank_within
from ml.ranker_params import RankerParams
from ml.ranking import Ranker, fit_ranker, score_frame
from ml.schemas.evaluation import Audit
from orchestration.attributes import ranker_attributes, with_attributes
from orchestration.blocks import blocks_of_users
from orchestration.mapping import Mapping
from orchestration.mapping.problems import nearest
from orchestration.mapping.source import Reader
from orchestration.ranker_rows import frame_query, learning_rows, ranker_features
from orchestration.resources import Features, Warehouse

if TYPE_CHECKING:
    from feast import FeatureStore

DEPTH = 10
SYSTEMS = ("with", "without")
RELEVANT = "select user_id, item_id from evaluation.evl_relevant_pairs where setting = ?"
HISTORIES = """
    select user_id, history_count from training.trn_ranking_moments
    where role = 'evaluate'
"""
BUILT = "select 1 from duckdb_tables() where schema_name = 'ml' and table_name = 'audit'"
ITEMS = """
    select evl_items.item_id, coalesce(activity.user_count, 0) as user_count
    from evaluation.evl_items
    left join (
        select ftr_item_activity.item_id, ftr_item_activity.user_count
        from features.ftr_item_activity
        inner join intermediate.int_cutoffs
            on ftr_item_activity.feature_at = int_cutoffs.cutoff_at
        where int_cutoffs.role = 'evaluate'
    ) as activity
        on evl_items.item_id = activity.item_id
"""


class AuditError(RuntimeError):
    """There is nothing to audit; says what is missing."""


def audit(
    mapping: Mapping, warehouse: Warehouse, features: Features, attribute: str, params: RankerParams
) -> pd.DataFrame:
    """Teach the ranker twice on the same rows, compare the lists, and write `ml.audit`.

    The attribute need not be allowed: it is read for the comparison alone, and nothing that is
    served comes of it.

    Parameters
    ----------
    mapping : Mapping
        Names the table of users.
    warehouse : Warehouse
        Of a log that was run.
    features : Features
        Of the same log.
    attribute : str
        A column of the table of users.
    params : RankerParams
        Hyper-parameters.

    Returns
    -------
    DataFrame
        The rows of `ml.audit`.

    Raises
    ------
    AuditError
        If the mapping has no users or they have no such column, or nothing was learned yet.
    """
    if not warehouse.log.places().warehouse.is_file():
        file = shlex.quote(str(mapping.file))
        raise AuditError(f"nothing is built yet; `topshelf run --mapping {file}` builds it")
    with warehouse.connect() as connection:
        if not connection.execute(BUILT).fetchall():
            raise AuditError("the warehouse is of an earlier version; run `topshelf run` first")
        groups = _groups(connection, mapping, warehouse, attribute)
        lists = _lists(connection, features.open(), mapping, groups, params, attribute)
        setting = "with_repeats" if mapping.repeats else "new_items"
        relevant = connection.execute(RELEVANT, [setting]).df().assign(setting=setting)
        histories = connection.execute(HISTORIES).df()
        items = connection.execute(ITEMS).df()
    # Quality and exposure are of the same users: those with something to find.
    lists = lists.loc[lists["user_id"].isin(relevant["user_id"])]
    metrics = user_metrics(lists.assign(setting=setting), relevant, histories, DEPTH)
    table = audit_table(lists, metrics, groups, items, DEPTH).assign(attribute=attribute)
    warehouse.replace("ml.audit", Audit.validate(table))
    return table


def _groups(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, warehouse: Warehouse, attribute: str
) -> pd.DataFrame:
    """Read the attribute at the source: what is sensitive is not in the warehouse."""
    users = mapping.users
    if users is None:
        raise AuditError(f"the mapping {mapping.name} has no users, so no attribute of theirs")
    reader = Reader(connection, warehouse.log.settings().project_root)
    names = list(reader.types(users.relation))
    if attribute not in names:
        hint = nearest(attribute, names)
        remedy = f"did you mean {hint!r}?" if hint else f"it has {', '.join(names)}"
        raise AuditError(f"{attribute!r} is no column of {users.relation}; {remedy}")
    user, value = (_identifier(name) for name in (users.columns.user_id, attribute))
    return connection.execute(
        f"""
        select
            trim(cast({user} as varchar)) as user_id,
            max(nullif(trim(cast({value} as varchar)), '')) as user_group
        from {reader.sql(users.relation, [users.columns.user_id, attribute])}
        where {user} is not null
        group by all
        """
    ).df()


def _lists(
    connection: duckdb.DuckDBPyConnection,
    store: "FeatureStore",
    mapping: Mapping,
    groups: pd.DataFrame,
    params: RankerParams,
    attribute: str,
) -> pd.DataFrame:
    """Rank the candidates of the evaluation cutoff twice: `system`, ids and `rank`."""
    audited = f"user_attribute__{attribute}"
    others = [name for name in ranker_attributes(mapping) if name != audited]
    known = ranker_features(connection, store)
    rows = _described(learning_rows(connection, store, "train", params, others), groups, audited)
    if rows.empty:
        raise AuditError("nothing was learned: no user took a candidate before the test period")
    rankers = {
        system: fit_ranker(
            rows,
            rows["is_relevant"].to_numpy(),
            [*known, *attributes],
            rows["user_id"].to_numpy(),
            params,
            rows["sample_weight"].to_numpy(),
            attributes=attributes,
        )
        for system, attributes in zip(SYSTEMS, ([*others, audited], others), strict=True)
    }
    query = frame_query("evaluate")
    if not mapping.repeats:
        query = f"from ({query}) where not is_seen"
    lists = [
        _ranked(_described(block, groups, audited), ranker, system)
        for block in blocks_of_users(connection, with_attributes(query, others))
        for system, ranker in rankers.items()
    ]
    if not lists:
        raise AuditError("no user of the test period has candidates")
    return pd.concat(lists, ignore_index=True)


def _described(rows: pd.DataFrame, groups: pd.DataFrame, name: str) -> pd.DataFrame:
    values = rows["user_id"].map(groups.set_index("user_id")["user_group"])
    return rows.assign(**{name: values.astype(object).where(values.notna(), None)})


def _ranked(block: pd.DataFrame, ranker: Ranker, system: str) -> pd.DataFrame:
    scored = block[["cutoff_at", "user_id", "item_id"]].join(score_frame(ranker, block))
    ranks = rank_within(scored, ["cutoff_at", "user_id"])
    lists = scored[["user_id", "item_id"]].assign(system=system, rank=ranks)
    return lists.loc[lists["rank"] <= DEPTH]


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
