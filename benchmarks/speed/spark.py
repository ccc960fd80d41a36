"""A Spark session in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

MEMORY = "8g"


@contextmanager
def local_session(threads: int) -> Iterator[Any]:
    """Open Spark on some threads of this machine, for the length of a `with` block.

    Parameters
    ----------
    threads : int

    Yields
    ------
    SparkSession
        In UTC; spills to a folder that is removed at the end.
    """
    from pyspark.sql import SparkSession

    with TemporaryDirectory() as folder:
        session = (
            SparkSession.builder.master(f"local[{threads}]")
            .config("spark.driver.memory", MEMORY)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.local.dir", folder)
            .config("spark.sql.warehouse.dir", folder)
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", str(4 * threads))
            .config("spark.sql.execution.arrow.pyspark.enabled", "true")
            .config("spark.ui.enabled", "false")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        try:
            yield session
        finally:
            session.stop()
