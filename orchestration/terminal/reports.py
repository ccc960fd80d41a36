"""`topshelf report` in the terminal."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
from rich.text import Text

from orchestration.files import replacing
from orchestration.mapping import load_mapping
from orchestration.report.pages import experiment_page, product_page
from orchestration.report.tables import UnknownExperimentError, read_tables
from orchestration.settings import Settings
from orchestration.terminal.answers import answer, complain


def report_in_terminal(settings: Settings, experiment: str | None, *, as_json: bool) -> int:
    """Write the page and its path.

    Parameters
    ----------
    settings : Settings
        Which log.
    experiment : str, optional
        The experiment; None for the page of the product.
    as_json : bool
        Whether the path is written as JSON.

    Returns
    -------
    int
        Exit code: 1 if there is nothing to report on.
    """
    try:
        return answer(
            settings,
            lambda connection: {"page": str(_write(settings, connection, experiment))},
            None if as_json else lambda found: Text(found["page"], no_wrap=True, overflow="ignore"),
        )
    except UnknownExperimentError as error:
        complain(str(error))
        return 1


def _write(
    settings: Settings, connection: duckdb.DuckDBPyConnection, experiment: str | None
) -> Path:
    tables, now = read_tables(connection), datetime.now(UTC)
    # The name is one of the log's, checked before it becomes the name of a file.
    page = experiment_page(tables, experiment, now) if experiment else product_page(tables, now)
    mapping = load_mapping(settings.mapping, settings.project_root)
    folder = settings.places(mapping.name).reports
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{experiment or 'product'}.html"
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path
