"""Building a release from what a run left in the warehouse."""

from datetime import datetime
from pathlib import Path

import duckdb

from ml.ranker_trees import RankerTables
from orchestration.mapping import Mapping
from orchestration.releases.learned import (
    write_evaluation,
    write_event_types,
    write_factors,
    write_items,
    write_segments,
)
from orchestration.releases.lists import number_everything, write_all_lists, write_names
from orchestration.releases.ranker import write_features, write_ranker
from orchestration.releases.told import manifest_of
from orchestration.releases.writing import free_release_id, writing_release
from orchestration.reviewed import ReviewedSettings

# Most items kept of what follows a user's list: a list from which items leave is filled up with
# them.
POOL_SIZE = 100


def build_release(
    connection: duckdb.DuckDBPyConnection,
    releases: Path,
    mapping: Mapping,
    used: ReviewedSettings,
    project_root: Path,
    now: datetime,
    pool_size: int = POOL_SIZE,
) -> Path:
    """Write a release, in memory that does not grow with users or items but for 8 bytes each.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To the warehouse; gets temporary tables.
    releases : Path
        The folder of the releases.
    mapping : Mapping
        The log.
    used : ReviewedSettings
        The settings of the run.
    project_root : Path
        Folder of `dbt_project.yml`.
    now : datetime
        When it is written.
    pool_size : int
        Most items kept of what follows a user's list.

    Returns
    -------
    Path
        The folder of the release, complete. It is named after the ranker's run; lists that are
        built again from the same ranker get a number behind it.
    """
    told = manifest_of(connection, mapping, used, project_root, now)
    release_id = free_release_id(releases, told["ranked_by"])
    tables = RankerTables(
        connection.execute("from ml.rankers").df(),
        connection.execute("from ml.ranker_trees").df(),
        connection.execute("from ml.ranker_encodings").df(),
    )
    with writing_release(releases, release_id) as writer:
        counts = number_everything(connection)
        write_names(writer, connection)
        write_items(writer, connection, counts["items"])
        write_segments(writer, connection, counts["users"])
        rows = write_all_lists(writer, connection, counts, pool_size)
        als = write_factors(writer, connection)
        features = write_ranker(writer, tables)
        columns = {
            side: write_features(writer, connection, side, counts[f"{side}s"], features, tables)
            for side in ("item", "user")
        }
        setting = "with_repeats" if mapping.repeats else "new_items"
        evaluation = write_evaluation(writer, connection, setting)
        write_event_types(writer, connection, mapping.name)
        sources = connection.execute("select id from release_sources order by number").fetchall()
        writer.finish(
            {
                **told,
                "release_id": release_id,
                "counts": {**counts, **rows},
                "sources": [name for (name,) in sources],
                "als": als,
                "evaluation": evaluation,
                "item_features": columns["item"],
                "user_features": columns["user"],
            }
        )
    return releases / release_id
