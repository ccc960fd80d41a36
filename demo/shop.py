"""The files of the shop, as they are known on a day, and the mapping that names them."""

import glob
from pathlib import Path

import yaml

from demo.plan import NAME, DemoPlan
from orchestration.settings import PROJECT_ROOT
from simulation.day import Block
from simulation.history import write_catalogue, write_history
from simulation.tables import name_world
from simulation.world import World

# Less to learn from than by default, and in larger steps, so that three runs fit into minutes.
SETTINGS = {
    "sql": {"training_cutoffs": 3, "covisited_per_user": 50, "popular_per_user": 40},
    "ranker": {"learning_rate": 0.1, "iterations": 150, "patience": 10},
}


def open_shop(plan: DemoPlan, world: World, folder: Path) -> list[Block]:
    """Write the history of the shop; return its users after it.

    Parameters
    ----------
    plan : DemoPlan
    world : World
        Of the plan.
    folder : Path
        Of the demo.
    """
    return write_history(world, plan.history_days, folder / "log")


def write_mapping(plan: DemoPlan, world: World, folder: Path, day: int) -> Path:
    """Write the mapping for a run at the midnight of a day, and the catalogue as it is then.

    The mapping is the one of the sample, which comes from the same generator, with other files.

    Parameters
    ----------
    plan : DemoPlan
    world : World
    folder : Path
        Of the demo; `open_shop` was there.
    day : int
        Of the demo, from 0.

    Returns
    -------
    Path
        The mapping file; the settings file of the log lies beside it.
    """
    log = folder / "log"
    write_catalogue(world, name_world(world), plan.history_days + day, log)
    sample = PROJECT_ROOT / "mappings" / "sample.yml"
    mapping = yaml.safe_load(sample.read_text(encoding="utf-8"))["mapping"]
    mapping["name"] = NAME
    mapping["as_of"] = plan.midnight(day).strftime("%Y-%m-%d %H:%M:%S")
    for relation in ("events", "items", "users", "impressions"):
        mapping[relation]["relation"] = glob.escape(str(log / f"{relation}.parquet"))
    settings = folder / "mapping.settings.yml"
    settings.write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
    file = folder / "mapping.yml"
    file.write_text(yaml.safe_dump({"mapping": mapping}, sort_keys=False), encoding="utf-8")
    return file
