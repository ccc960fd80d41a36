"""What the environment may change, and what other programs are told of it."""

import os
import re
import sys
from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

from orchestration.places import Places
from orchestration.variables import is_automatic, share, usable_home, whole_number

PROJECT_ROOT = Path(__file__).resolve().parent.parent

# No program used here reports to its makers.
TELEMETRY_OFF = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "FEAST_USAGE": "False",
    "SQLMESH__DISABLE_ANONYMIZED_ANALYTICS": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
# MLflow's own patience with a server that does not answer is several minutes.
TRACKING_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
# What a build takes for now, in place of the mapping's `as_of` and of its own start.
AS_OF = "TOPSHELF_AS_OF"


@dataclass(frozen=True)
class Settings:
    """What may differ from one machine or run to another.

    Parameters
    ----------
    home : Path
        Folder of everything that is built; absolute.
    mapping : str
        The log to use: the name of a shipped mapping, or the path of a mapping file.
    project_root : Path
        Folder of `dbt_project.yml`. Relative paths in a mapping start here.
    tracking_uri : str
        MLflow's server or database; empty is one of our own below `home`.
    kept_releases : int
        Releases that stay on the disk, newest first, beside those that an alias names; >= 1.
    promotes_itself : bool
        Whether a run makes its release live if the gates let it through. The first release of a
        home is asked for in any case, because nothing else could answer.
    online_store : str
        A Redis server for what is looked up online, `redis://…`; empty is files below `home`.
    api_keys, api_keys_file : str
        Keys of the online application, or the file that holds them (docs/serving.md).
    explore : float
        Share of the online answers in which one place is given away by chance.
    explore_rank, explore_depth : int, optional
        Which place that is, and from how many items from there on its item is drawn; those of the
        application when left out.
    metrics_folder : str
        Where several serving processes keep their metrics together; the command line sets it.
    """

    home: Path = PROJECT_ROOT / "data"
    mapping: str = "sample"
    project_root: Path = PROJECT_ROOT
    tracking_uri: str = ""
    kept_releases: int = 5
    promotes_itself: bool = True
    online_store: str = ""
    api_keys: str = field(default="", repr=False)
    api_keys_file: str = ""
    explore: float = 0.0
    explore_rank: int | None = None
    explore_depth: int | None = None
    metrics_folder: str = ""

    @property
    def dagster_home(self) -> Path:
        """The folder in which Dagster keeps its runs."""
        return self.home / "dagster"

    @property
    def tracking_store(self) -> str:
        """Where MLflow keeps its records."""
        return self.tracking_uri or f"sqlite:///{self.home / 'mlflow' / 'mlflow.db'}"

    @property
    def tracking_files(self) -> Path:
        """The folder in which MLflow keeps files, if the records are our own."""
        return self.home / "mlflow" / "files"

    def places(self, name: str) -> Places:
        """Return the places of the mapping called `name`.

        Raises
        ------
        ValueError
            If `name` could lead out of its folder.
        """
        if not re.fullmatch(r"[a-z0-9_]+", name):
            msg = f"a mapping's name may hold a-z, 0-9 and _, got {name!r}"
            raise ValueError(msg)
        return Places(self.home / name)

    def environment(self) -> dict[str, str]:
        """Return the variables that other programs need to work on the same files.

        dbt's `profiles.yml` reads `TOPSHELF_HOME`; Dagster reads `DAGSTER_HOME`.
        """
        told = {
            "TOPSHELF_ONLINE_STORE": self.online_store,
            "TOPSHELF_API_KEYS": self.api_keys,
            "TOPSHELF_API_KEYS_FILE": self.api_keys_file,
            # 0 too: it may be told in place of another rate, which the environment still holds.
            "TOPSHELF_EXPLORE": str(self.explore),
            "TOPSHELF_EXPLORE_RANK": str(self.explore_rank or ""),
            "TOPSHELF_EXPLORE_DEPTH": str(self.explore_depth or ""),
            "PROMETHEUS_MULTIPROC_DIR": self.metrics_folder,
        }
        return {
            **TELEMETRY_OFF,
            **TRACKING_PATIENCE,
            "TOPSHELF_HOME": str(self.home),
            "TOPSHELF_MAPPING": self.mapping,
            # Of another program, it is not ours.
            AS_OF: "",
            "DAGSTER_HOME": str(self.dagster_home),
            **{name: value for name, value in told.items() if value},
        }

    @contextmanager
    def exported(self) -> Iterator[None]:
        """Export for the length of a `with` block, and put everything back afterwards."""
        before = dict(os.environ)
        try:
            self.export()
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def export(self) -> None:
        """Put `environment()` into this process, for the programs that run inside it."""
        os.environ.update(self.environment())


@contextmanager
def building_at(as_of: str | None) -> Iterator[None]:
    """Tell the programs started in a `with` block what is now; without a moment it is their start.

    dbt reads it in the macro `current_moment`. Were it a variable of dbt, each new moment would
    have the whole project parsed anew, which takes longer than most of the models.
    """
    before = os.environ.get(AS_OF)
    os.environ[AS_OF] = as_of or ""
    try:
        yield
    finally:
        if before is None:
            del os.environ[AS_OF]
        else:
            os.environ[AS_OF] = before


def find_programs() -> None:
    """Let the programs beside this Python, such as dbt, be found when nothing is activated."""
    folder = str(Path(sys.executable).parent)
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if folder not in folders:
        os.environ["PATH"] = os.pathsep.join([folder, *folders])


def keep_compiled_code(source: Path = PROJECT_ROOT) -> None:
    """Let numba keep what it compiles below the home if it cannot keep it beside the source.

    It looks for the place when what it compiles is imported, and gives up where there is none.
    `NUMBA_CACHE_DIR` goes before.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    try:
        for package in ("ml", "serving"):
            folder = source / package / "__pycache__"
            folder.mkdir(exist_ok=True)
            TemporaryFile(dir=folder).close()
    except OSError:
        os.environ["NUMBA_CACHE_DIR"] = str(_home(os.environ) / "compiled")


def read_settings(environment: Dictionary[str, str] | None = None) -> Settings:
    """Read the settings from environment variables.

    Parameters
    ----------
    environment : mapping of str to str, optional
        The variables; those of this process when left out. Read are `TOPSHELF_HOME` (default
        `data`; a relative path starts at the project), `TOPSHELF_MAPPING` (default `sample`),
        `MLFLOW_TRACKING_URI` (default a database below the home), `TOPSHELF_KEPT_RELEASES` (default
        5), `TOPSHELF_PROMOTE` (`auto`, the default, or `manual`), `TOPSHELF_ONLINE_STORE` (default
        files), `TOPSHELF_API_KEYS`, `TOPSHELF_API_KEYS_FILE`, `TOPSHELF_EXPLORE`,
        `TOPSHELF_EXPLORE_RANK`, `TOPSHELF_EXPLORE_DEPTH` and `PROMETHEUS_MULTIPROC_DIR`. An empty
        value counts as none.

    Returns
    -------
    Settings

    Raises
    ------
    ValueError
        If a value cannot be used. The message names the variable.
    """
    variables = os.environ if environment is None else environment
    return Settings(
        home=usable_home(_home(variables), "TOPSHELF_HOME"),
        mapping=variables.get("TOPSHELF_MAPPING") or Settings.mapping,
        project_root=PROJECT_ROOT,
        tracking_uri=variables.get("MLFLOW_TRACKING_URI") or "",
        kept_releases=whole_number(variables, "TOPSHELF_KEPT_RELEASES") or Settings.kept_releases,
        promotes_itself=is_automatic(variables, "TOPSHELF_PROMOTE"),
        online_store=variables.get("TOPSHELF_ONLINE_STORE") or "",
        api_keys=variables.get("TOPSHELF_API_KEYS") or "",
        api_keys_file=variables.get("TOPSHELF_API_KEYS_FILE") or "",
        explore=share(variables, "TOPSHELF_EXPLORE"),
        explore_rank=whole_number(variables, "TOPSHELF_EXPLORE_RANK"),
        explore_depth=whole_number(variables, "TOPSHELF_EXPLORE_DEPTH"),
        metrics_folder=variables.get("PROMETHEUS_MULTIPROC_DIR") or "",
    )


def _home(variables: Dictionary[str, str]) -> Path:
    home = Path(variables.get("TOPSHELF_HOME") or "data").expanduser()
    return (PROJECT_ROOT / home).resolve()
