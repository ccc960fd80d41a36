"""Auditing an attribute of users in the terminal."""

import pandas as pd
from rich.table import Table

from orchestration.audit import DEPTH, AuditError, audit
from orchestration.mapping import MappingError
from orchestration.resources import Features, MappedLog, Warehouse
from orchestration.run_lock import LogInUseError, only_run
from orchestration.settings import Settings
from orchestration.terminal.answers import complain, show, write_json
from orchestration.warehouse_lock import WarehouseInUseError

HEADS = {
    f"ndcg_{DEPTH}": f"nDCG@{DEPTH}",
    "catalogue_share": "catalogue shown",
    "mean_popularity": "mean popularity",
    "head_share": "top 1% items",
}


def audit_in_terminal(settings: Settings, attribute: str, *, as_json: bool) -> int:
    """Audit an attribute of users, and show how the groups are served.

    Returns
    -------
    int
        Exit code: 1 if there is nothing to audit.
    """
    log = MappedLog(
        home=str(settings.home),
        mapping=settings.mapping,
        project_root=str(settings.project_root),
    )
    try:
        mapping, places = log.read(), log.places()
        warehouse, features = Warehouse(log=log), Features(log=log)
        with only_run(places.home, "audit"):
            table = audit(mapping, warehouse, features, attribute, log.reviewed().ranker)
    except (AuditError, MappingError, LogInUseError, WarehouseInUseError) as error:
        complain(str(error))
        return 1
    if as_json:
        rows = table.astype(object).where(table.notna(), None)
        write_json(rows.to_dict("records"))
    else:
        show(audit_view(table, attribute))
    return 0


def audit_view(table: pd.DataFrame, attribute: str) -> Table:
    """Show a line for each group and system.

    Parameters
    ----------
    table : DataFrame
        Of `audit`.
    attribute : str
        Its name, for the heading.
    """
    view = Table(box=None, pad_edge=False)
    for name in (attribute, "system"):
        view.add_column(name, overflow="fold")
    for name in ("users", *HEADS.values()):
        view.add_column(name, justify="right")
    for (group, system), rows in table.groupby(["user_group", "system"]):
        cells = {row["metric"]: _cell(row) for _, row in rows.iterrows()}
        users = str(rows["user_count"].max())
        view.add_row(str(group), str(system), users, *(cells.get(name, "") for name in HEADS))
    return view


def _cell(row: pd.Series) -> str:
    value = f"{row['value']:.3f}"
    if pd.isna(row["lower"]):
        return value
    return f"{value} {row['lower']:.3f} to {row['upper']:.3f}"
