"""The first days of a shop's log, after which something else goes on."""

from pathlib import Path

from simulation.config import SECONDS_PER_DAY
from simulation.day import Block, open_blocks
from simulation.policies import Policy, shop_policy
from simulation.preferences import open_shelf
from simulation.streams import TableStream, write_file
from simulation.tables import Names, items_table, name_world, users_table
from simulation.world import World
from simulation.writing import LOG_FILES, step_tables

GROUP_ROWS = 250_000


def write_history(
    world: World, days: int, folder: Path, policy: Policy = shop_policy
) -> list[Block]:
    """Write the events and impressions of the first days, as far as they have arrived by then.

    Parameters
    ----------
    world : World
    days : int
        From the first on, >= 1; `step_day` goes on from what is returned.
    folder : Path
        Receives `events.parquet` and `impressions.parquet`, and what `write_catalogue` writes.
    policy : Policy
        Chooses the lists.

    Returns
    -------
    list of Block
        The users after the last of these days.
    """
    if days < 1:
        raise ValueError(f"a history has days >= 1, got {days}")
    folder.mkdir(parents=True, exist_ok=True)
    names = name_world(world)
    end_second = world.config.start_second + days * SECONDS_PER_DAY
    blocks = open_blocks(world)
    events, impressions = (
        TableStream(folder / f"{name}.parquet", GROUP_ROWS) for name in LOG_FILES
    )
    with events, impressions:
        for day in range(days):
            shelf = open_shelf(world, day)
            steps = [
                step_tables(world, names, policy, False, end_second, shelf, block)
                for block in blocks
            ]
            blocks = [step.block for step in steps]
            for step in steps:
                events.append(step.parts["events"])
                impressions.append(step.parts["impressions"])
    write_catalogue(world, names, days, folder)
    return blocks


def write_catalogue(world: World, names: Names, day: int, folder: Path) -> None:
    """Write items and users as they are known at the midnight of a day.

    Parameters
    ----------
    world : World
    names : Names
    day : int
        From 0.
    folder : Path
        Receives `items.parquet` and `users.parquet`.
    """
    write_file(folder / "items.parquet", items_table(world, names, day))
    write_file(folder / "users.parquet", users_table(world, names, day))
