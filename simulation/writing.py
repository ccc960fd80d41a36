"""Write a log to Parquet day by day, in memory that does not grow with it."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from simulation import tables, truth
from simulation.config import WorldConfig
from simulation.day import BLOCK_USERS, Block, open_blocks, step_block
from simulation.dirt import deliver
from simulation.policies import Policy, shop_policy
from simulation.preferences import Shelf, open_shelf
from simulation.randomness import Purpose, generator
from simulation.records import take
from simulation.world import World, build_world

TRUTH_EVERY_DAYS = 7
# Ids that never or seldom repeat: a dictionary would be larger than the column.
PLAIN_COLUMNS = ("event_id", "occurred_at", "request_id", "session_id")


@dataclass(frozen=True)
class LogSummary:
    """What was written.

    Attributes
    ----------
    events, impressions : int
        Rows.
    defects : dict of str to int
        Event rows by reason they are dirty.
    """

    events: int
    impressions: int
    defects: dict[str, int]


class TableStream:
    """A Parquet file that grows by tables and is written in groups of rows.

    Parameters
    ----------
    path : Path
        Overwritten.
    group_rows : int
        Rows held before they are written, >= 1. Changes the file's layout,
        never its content.
    """

    def __init__(self, path: Path, group_rows: int) -> None:
        self.path = path
        self.group_rows = group_rows
        self.rows = 0
        self._waiting: list[pa.Table] = []
        self._writer: pq.ParquetWriter | None = None

    def append(self, table: pa.Table) -> None:
        """Add rows.

        Parameters
        ----------
        table : Table
            Of the same columns as the first.
        """
        self.rows += table.num_rows
        self._waiting.append(table)
        if sum(waiting.num_rows for waiting in self._waiting) >= self.group_rows:
            self._flush()

    def close(self) -> None:
        """Write what is left and finish the file."""
        if self._waiting:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        """Write the waiting rows as one group."""
        table = pa.concat_tables(self._waiting).combine_chunks()
        if self._writer is None:
            dictionary = [name for name in table.column_names if name not in PLAIN_COLUMNS]
            self._writer = pq.ParquetWriter(
                self.path, table.schema, compression="zstd", use_dictionary=dictionary
            )
        self._writer.write_table(table)
        self._waiting = []


def write_log(
    config: WorldConfig,
    folder: Path,
    truth_folder: Path | None = None,
    policy: Policy = shop_policy,
    group_rows: int = 250_000,
    workers: int = 1,
    report: Callable[[int, int], None] = lambda day, events: None,
) -> LogSummary:
    """Simulate a shop and write events, items, users and impressions.

    Parameters
    ----------
    config : WorldConfig
    folder : Path
        Receives ``events.parquet``, ``impressions.parquet``,
        ``items.parquet`` and ``users.parquet``; made when missing.
    truth_folder : Path, optional
        Receives the planted truth: ``dirty_rows``, ``relevances`` (of
        impressions), ``tastes`` (every seventh day) and ``items``.
    policy : Policy
        Chooses the lists.
    group_rows : int
        Rows held before they are written.
    workers : int
        Threads, >= 1; neither they nor `group_rows` change what is written.
    report : callable
        Called after each day with the days done and the events written.

    Returns
    -------
    LogSummary
    """
    world = build_world(config)
    names = tables.name_world(world)
    for place in filter(None, (folder, truth_folder)):
        place.mkdir(parents=True, exist_ok=True)
    pq.write_table(tables.items_table(world, names), folder / "items.parquet", compression="zstd")
    pq.write_table(tables.users_table(world, names), folder / "users.parquet", compression="zstd")
    streams = {
        name: TableStream(folder / f"{name}.parquet", group_rows)
        for name in ("events", "impressions")
    }
    if truth_folder is not None:
        pq.write_table(truth.items_truth_table(world, names), truth_folder / "items.parquet")
        for name in ("dirty_rows", "relevances", "tastes"):
            streams[name] = TableStream(truth_folder / f"{name}.parquet", group_rows)
    defects: Counter[str] = Counter()
    blocks = open_blocks(world)
    with ThreadPoolExecutor(workers) as pool:
        for day in range(config.days):
            shelf = open_shelf(world, day)

            def step(block: Block, shelf: Shelf = shelf) -> tuple[Block, dict[str, pa.Table]]:
                return block_tables(world, names, shelf, block, policy)

            steps = list(pool.map(step, blocks))
            blocks = [block for block, _ in steps]
            for _, parts in steps:
                defects.update(truth.count_reasons(parts["dirty_rows"]))
                for name in streams.keys() & parts.keys():
                    streams[name].append(parts[name])
            report(day + 1, streams["events"].rows)
    for stream in streams.values():
        stream.close()
    return LogSummary(streams["events"].rows, streams["impressions"].rows, dict(defects))


def block_tables(
    world: World, names: tables.Names, shelf: Shelf, block: Block, policy: Policy
) -> tuple[Block, dict[str, pa.Table]]:
    """Simulate a day of a block and make its tables.

    Parameters
    ----------
    world : World
    names : Names
    shelf : Shelf
    block : Block
    policy : Policy

    Returns
    -------
    block : Block
        After the day.
    tables : dict of str to Table
        By file name; ``tastes`` only every seventh day.
    """
    after, log = step_block(world, shelf, block, policy)
    config = world.config
    rng = generator(config.seed, Purpose.DIRT, log.day, log.block)
    deliveries = deliver(log.events.seconds, config.dirt, config.end_second, rng)
    arrived = deliveries.loaded_seconds < config.end_second
    deliveries = take(deliveries, arrived)
    block_count = -(-config.users // BLOCK_USERS)
    parts = {
        "events": tables.events_table(names, log, deliveries, block_count),
        "dirty_rows": truth.dirty_rows_table(world, log, deliveries, block_count),
        "impressions": tables.impressions_table(names, log),
        "relevances": truth.relevances_table(names, log),
    }
    if log.day % TRUTH_EVERY_DAYS == 0:
        parts["tastes"] = truth.tastes_table(world, names, after, log.day)
    return after, parts
