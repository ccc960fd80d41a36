"""Write a log to Parquet day by day, in memory that does not grow with it."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from simulation import tables, truth
from simulation.config import WorldConfig
from simulation.day import Block, open_blocks, step_block
from simulation.dirt import deliver
from simulation.policies import Policy, shop_policy
from simulation.preferences import Shelf, open_shelf
from simulation.randomness import Purpose, generator
from simulation.records import take
from simulation.streams import TableStream, write_file
from simulation.world import World, build_world

LOG_FILES = ("events", "impressions")
TRUTH_FILES = ("dirty_rows", "relevances", "tastes")
TASTES_EVERY_DAYS = 7


@dataclass(frozen=True)
class LogSummary:
    """What was written.

    Attributes
    ----------
    events, impressions : int
        Rows.
    dirt : dict of str to int
        Event rows by reason they are dirty; a row may have several.
    """

    events: int
    impressions: int
    dirt: dict[str, int]


@dataclass(frozen=True)
class Step:
    """A day of a block, ready to be written.

    Attributes
    ----------
    block : Block
        After the day.
    parts : dict of str to Table
        By file name without ending.
    dirt : dict of str to int
        Event rows by reason they are dirty.
    """

    block: Block
    parts: dict[str, pa.Table]
    dirt: dict[str, int]


def write_log(
    config: WorldConfig,
    folder: Path,
    truth_folder: Path | None = None,
    policy: Policy = shop_policy,
    group_rows: int = 250_000,
    workers: int = 1,
    report: Callable[[int, int], None] = lambda day, events: None,
) -> LogSummary:
    """Simulate a shop and write events, impressions, items and users.

    Parameters
    ----------
    config : WorldConfig
    folder : Path
        Receives ``events.parquet``, ``impressions.parquet``,
        ``items.parquet`` and ``users.parquet``; made when missing.
    truth_folder : Path, optional
        Receives the planted truth: ``dirty_rows``, ``relevances`` (of the
        impressions), ``tastes`` (every seventh day) and ``items``.
    policy : Policy
        Chooses the lists.
    group_rows : int
        Rows held before they are written, >= 1.
    workers : int
        Threads that simulate, >= 1; neither they nor `group_rows` change what
        is written.
    report : callable
        Called after each day with the days done and the events written.

    Returns
    -------
    LogSummary
    """
    world = build_world(config)
    names = tables.name_world(world)
    _write_world(world, names, folder, truth_folder)
    paths = {name: folder / f"{name}.parquet" for name in LOG_FILES}
    if truth_folder is not None:
        paths |= {name: truth_folder / f"{name}.parquet" for name in TRUTH_FILES}
    dirt: Counter[str] = Counter()
    with ExitStack() as stack:
        streams = {
            name: stack.enter_context(TableStream(path, group_rows)) for name, path in paths.items()
        }
        simulate = partial(
            step_tables, world, names, policy, truth_folder is not None, config.end_second
        )
        for day, steps in enumerate(_days(world, simulate, workers)):
            for step in steps:
                dirt.update(step.dirt)
                for name, part in step.parts.items():
                    streams[name].append(part)
            report(day + 1, streams["events"].rows)
        return LogSummary(streams["events"].rows, streams["impressions"].rows, dict(dirt))


def _write_world(
    world: World, names: tables.Names, folder: Path, truth_folder: Path | None
) -> None:
    """Write what does not change with the days."""
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / "items.parquet", tables.items_table(world, names))
    write_file(folder / "users.parquet", tables.users_table(world, names))
    if truth_folder is not None:
        truth_folder.mkdir(parents=True, exist_ok=True)
        write_file(truth_folder / "items.parquet", truth.items_truth_table(world, names))


def _days(
    world: World, simulate: Callable[[Shelf, Block], Step], workers: int
) -> Iterator[list[Step]]:
    """Simulate day after day; the next is under way while the caller writes one."""
    with ThreadPoolExecutor(workers) as pool:
        blocks = open_blocks(world)
        done: list[Step] = []
        for day in range(world.config.days):
            shelf = open_shelf(world, day)
            under_way = [pool.submit(simulate, shelf, block) for block in blocks]
            if done:
                yield done
            done = [future.result() for future in under_way]
            blocks = [step.block for step in done]
        yield done


def step_tables(
    world: World,
    names: tables.Names,
    policy: Policy,
    with_truth: bool,
    end_second: int,
    shelf: Shelf,
    block: Block,
) -> Step:
    """Simulate a day of a block and make the tables of what has arrived by the end.

    Parameters
    ----------
    world : World
    names : Names
    policy : Policy
        Chooses the lists.
    with_truth : bool
        Whether the tables of the truth are made too.
    end_second : int
        Unix second at which the log ends.
    shelf : Shelf
        Of the day.
    block : Block
        After the day before.

    Returns
    -------
    Step
    """
    config = world.config
    after, log = step_block(world, shelf, block, policy)
    rng = generator(config.seed, Purpose.DIRT, log.day, block.number)
    delivered = deliver(log.events, config.dirt, end_second, rng)
    delivered = take(delivered, delivered.loaded_seconds < end_second)
    parts = {
        "events": tables.events_table(names, log, delivered),
        "impressions": tables.impressions_table(names, log),
    }
    if with_truth:
        parts["dirty_rows"] = truth.dirty_rows_table(world, log, delivered)
        parts["relevances"] = truth.relevances_table(names, log)
        if log.day % TASTES_EVERY_DAYS == 0:
            parts["tastes"] = truth.tastes_table(world, names, after, log.day)
    reasons = truth.find_dirt(world, log, delivered)
    return Step(after, parts, {name: int(mask.sum()) for name, mask in reasons.items()})
