"""A log with times: the whole way of the product, and its own evaluation."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import duckdb
import pandas as pd

from benchmarks.quality.fixed_split import SplitError
from benchmarks.quality.lists import seconds_by_system
from benchmarks.quality.result import COLUMNS, Result
from orchestration.mapping import load_mapping
from orchestration.settings import PROJECT_ROOT, Settings

# What nobody had touched when the lists were made cannot be in them.
REACH = """
    with relevant as (
        select user_id, item_id from evaluation.evl_relevant_pairs
        where setting = 'new_items'
    ),
    touched as (
        select distinct item_id from intermediate.int_user_items
        where cutoff_at = (
            select cutoff_at from intermediate.int_cutoffs where role = 'evaluate'
        )
    )
    select
        count(*) as pair_count,
        count(*) - count(touched.item_id) as unknown_count,
        count(distinct relevant.user_id) as user_count,
        count(distinct relevant.user_id) filter (
            where touched.item_id is not null
        ) as reachable_count
    from relevant
    left join touched on relevant.item_id = touched.item_id
"""


def run_log(settings: Settings) -> Result:
    """Run the product on a log, in a process of its own, and read what it measured.

    Raises
    ------
    SplitError
        If the run fails.
    """
    name = settings.mapping
    command = [sys.executable, "-m", "orchestration.cli", "run", "--mapping", name, "--json"]
    with settings.exported():
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read() if process.stdout else ""
    # Of this one process, while those of all children together only ever grow.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SplitError(f"topshelf run --mapping {name} failed")
    summary = json.loads(output)
    seconds = log_seconds(summary["model_seconds"])
    frame = pd.DataFrame(summary["evaluation"])
    frame = frame[frame["metric"] == "ndcg_10"]
    rows = frame.assign(
        metric=frame["setting"] + " ndcg_10",
        fit_seconds=frame["system"].map(lambda system: seconds[system]["fit"]),
        score_seconds=frame["system"].map(lambda system: seconds[system]["score"]),
    )[COLUMNS]
    notes = (
        f"{summary['seconds']:,.0f} s for everything, with tests and publishing",
        *order_notes(summary),
        reach(settings),
    )
    return Result(rows, usage.ru_maxrss * 1024, notes)


def order_notes(summary: Mapping[str, Any]) -> list[str]:
    """Say what ordered the lists that were measured, and those that are served.

    Parameters
    ----------
    summary : mapping
        Of `topshelf run --json`.
    """
    orders = {"measured": summary["measured_order"], "served": summary["order"]}
    return [f"{lists} lists ordered by {order}" for lists, order in orders.items() if order]


def log_seconds(models: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return what fitting and scoring took each system in a run of the product.

    Parameters
    ----------
    models : dict of str to float
        `model_seconds` of `topshelf run --json`. The models of all moments count together: those
        that teach the ranker, that of the test, and the present.
    """
    seconds = seconds_by_system(models)
    seconds["als"] = {"fit": models["factorisations"], "score": models["candidates"]}
    seconds["two_stage"] = {
        "fit": models["rnk_frame"] + models["ranker_choices"],
        "score": models["ranked_candidates"],
    }
    return seconds


def reach(settings: Settings) -> str:
    """Say how much of what users took for the first time any list could have held."""
    mapping = load_mapping(settings.mapping, settings.project_root)
    warehouse = settings.places(mapping.name).warehouse
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        pairs, unknown, users, reachable = connection.execute(REACH).fetchall()[0]
    if not pairs:
        return "nobody took a new item in the test period"
    return (
        f"new items: {unknown / pairs:.0%} of {pairs:,} pairs have an item that nobody had touched "
        f"before the lists were made; {reachable:,} of {users:,} users "
        f"({reachable / users:.0%}) took one that somebody had"
    )
