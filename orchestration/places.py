"""Where the files of one mapping lie."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """The files of one mapping; every path is absolute.

    Parameters
    ----------
    home : Path
        The folder of the mapping, `<TOPSHELF_HOME>/<mapping name>`.
    """

    home: Path

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds. One process at a time may write it."""
        return self.home / "warehouse.duckdb"

    @property
    def snapshot(self) -> Path:
        """The published DuckDB file, replaced as a whole; this is the one to read.

        Not called after a schema: DuckDB takes the file's name for the catalogue's, and then could
        not tell `serving.rec_user_top_items` apart.
        """
        return self.home / "published.duckdb"

    @property
    def features(self) -> Path:
        """The folder of Parquet files that Feast reads."""
        return self.home / "features"

    @property
    def feature_registry(self) -> Path:
        """The file in which Feast remembers its views."""
        return self.home / "registry.db"

    @property
    def online_store(self) -> Path:
        """The SQLite file in which Feast looks up one entity."""
        return self.home / "online.db"

    @property
    def plots(self) -> Path:
        """The folder of figures."""
        return self.home / "plots"

    @property
    def reports(self) -> Path:
        """The folder of pages for people; what is in it can be made again."""
        return self.home / "reports"

    @property
    def tuning(self) -> Path:
        """The folder of the searches for better settings; what is in it can be made again."""
        return self.home / "tuning"

    @property
    def releases(self) -> Path:
        """The folder of the releases that the online application answers from, one folder each."""
        return self.home / "releases"

    @property
    def recent_events(self) -> Path:
        """The SQLite file of what users did lately, where no server keeps it."""
        return self.home / "recent.db"

    @property
    def refreshed(self) -> Path:
        """The Parquet file of lists that changed since the last run, replaced as a whole."""
        return self.home / "refreshed.parquet"

    @property
    def progress(self) -> Path:
        """The file that says which landed events are in the refreshed tables."""
        return self.home / "refreshed.json"

    @property
    def landing(self) -> Path:
        """The folder of what the online application accepted and showed, a folder a stream."""
        return self.home / "landing"

    def make_folders(self) -> None:
        """Create the folders, which DuckDB, Feast and matplotlib expect to exist."""
        for folder in (self.home, self.features, self.plots):
            folder.mkdir(parents=True, exist_ok=True)
