"""What is known of a log at its end, for holding out items and users."""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from ml.als import AlsParams
from orchestration.mapping import Mapping, dbt_vars
from orchestration.reviewed import load_reviewed
from orchestration.settings import PROJECT_ROOT

MODELS = ["+trn_user_item_weights", "+int_cutoffs", "stg_catalog__items", "stg_catalog__users"]
PAIRS = """
    select user_id, item_id, weight from training.trn_user_item_weights
    where cutoff_at = (select cutoff_at from intermediate.int_cutoffs where role = 'serve')
"""
POSITIVE = """
    select distinct user_id, item_id from intermediate.int_interactions where role = 'positive'
"""
FIRSTS = """
    select user_id, item_id, min(interacted_at) as first_at
    from intermediate.int_interactions group by user_id, item_id
"""
ITEMS = """
    select item_id, title, category, cast(to_json(attributes) as varchar) as attributes
    from staging.stg_catalog__items
"""
CONTEXTS = """
    select user_id, 'segment' as name, segment as value from staging.stg_catalog__users
    union all
    select user_id, attribute.key as name, attribute.value as value
    from (
        select user_id, unnest(map_entries(attributes)) as attribute
        from staging.stg_catalog__users
    )
    union all
    select user_id, 'device' as name, arg_min(device, interacted_at) as value
    from staging.stg_events__interactions group by user_id
    union all
    select user_id, 'surface' as name, arg_min(surface, interacted_at) as value
    from staging.stg_events__interactions group by user_id
"""


@dataclass(frozen=True)
class Log:
    """What is known of one log at its end."""

    pairs: pd.DataFrame
    positive: pd.DataFrame
    firsts: pd.DataFrame
    items: pd.DataFrame
    contexts: pd.DataFrame
    params: AlsParams


def read_log(mapping: Mapping) -> Log:
    """Clean the log with dbt in a folder of its own, and read what the models learn from."""
    from dbt.cli.main import dbtRunner

    reviewed = load_reviewed(mapping, PROJECT_ROOT)
    with tempfile.TemporaryDirectory() as home:
        os.environ["TOPSHELF_HOME"] = home
        warehouse = Path(home) / mapping.name / "warehouse.duckdb"
        warehouse.parent.mkdir()
        os.chdir(PROJECT_ROOT)
        outcome = dbtRunner().invoke(
            [
                *("build", "--quiet", "--exclude-resource-type", "test"),
                *("--exclude-resource-type", "unit_test", "--select", *MODELS),
                *("--target", "in_process"),
                *("--target-path", f"{home}/target", "--log-path", f"{home}/logs"),
                *("--vars", json.dumps(dbt_vars(mapping, reviewed.sql))),
            ]
        )
        if not outcome.success:
            raise SystemExit(f"dbt could not build {mapping.name}: {outcome.exception}")
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            frames = [
                connection.execute(query).df()
                for query in (PAIRS, POSITIVE, FIRSTS, ITEMS, CONTEXTS)
            ]
    pairs, positive, firsts, items, contexts = frames
    sensitive = set(mapping.users.sensitive) if mapping.users else set()
    contexts = contexts.loc[~contexts["name"].isin(sensitive)].dropna(subset=["value"])
    items["attributes"] = items["attributes"].map(lambda text: json.loads(text) if text else None)
    return Log(pairs, positive, firsts, items, contexts, reviewed.als)
