"""The experiments that the application runs: the lines that SQL has found fit."""

from datetime import UTC
from pathlib import Path

import duckdb

from serving.assignment import Arm, Experiment
from serving.experiments import POLICIES, RunningExperiment

# Line 0 is `history`, which is only analysed.
EXPERIMENTS = """
    select
        experiment_id, layer, salt, variants, layer_from, layer_until, holdout, starts_at, ends_at
    from experiments.exp_experiments
    where reject_reason is null and line_number > 0
    order by experiment_id
"""


def running_experiments(snapshot: Path) -> tuple[RunningExperiment, ...]:
    """Read the experiments of a log whose arms the application can serve.

    Parameters
    ----------
    snapshot : Path
        What was published; without it there are no experiments.

    Returns
    -------
    tuple of RunningExperiment
        By id. Experiments that another program runs, whose arms serve something else, are left
        out.
    """
    if not snapshot.exists():
        return ()
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        try:
            rows = connection.execute(EXPERIMENTS).fetchall()
        except duckdb.CatalogException:
            # Published before there were experiments.
            return ()
    found = []
    for name, layer, salt, variants, *numbers, starts_at, ends_at in rows:
        parts = [part.split(":") for part in variants.split()]
        arms = tuple(Arm(arm, float(share), serves) for arm, share, serves in parts)
        if all(arm.serves in POLICIES for arm in arms):
            experiment = Experiment(name, layer, salt, arms, *numbers)
            moments = (moment.replace(tzinfo=UTC) for moment in (starts_at, ends_at))
            found.append(RunningExperiment(experiment, *moments))
    return tuple(found)
