"""The command `topshelf tune`."""

import logging
import os
import shlex
from collections.abc import Callable
from typing import Any

import dagster as dg
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ml.search_space import SPACES
from orchestration.settings import Settings
from orchestration.terminal.answers import show, write_json
from orchestration.terminal.job import JobFailedError, job_in_terminal
from orchestration.tuning.plan import TuningPlan

STEP = "ml__tuning_trials"
FAILED = "Finished trials are kept."
STOPPED = "Finished trials are kept; the same command goes on from there."


def tune_in_terminal(
    settings: Settings, plan: TuningPlan, *, accept: bool, as_json: bool, verbose: bool
) -> int:
    """Run the job `tune`, show how it goes, and what it found.

    Parameters
    ----------
    settings : Settings
        Which log.
    plan : TuningPlan
        What to search.
    accept : bool
        Whether the settings file itself is written.
    as_json : bool
        Whether the result goes to standard output as JSON. Progress goes to standard error.
    verbose : bool
        Whether to show what other programs print, and where a failure came from.

    Returns
    -------
    int
        Exit code: 0 if the search came to its end.
    """
    found: dict[str, Any] = {}
    try:
        ended = job_in_terminal(
            settings,
            "tune",
            verbose=verbose,
            failed=FAILED,
            stopped=STOPPED,
            listener=_listener(found),
            run_config={"ops": {STEP: {"config": _config(plan, accept)}}},
        )
    except JobFailedError as error:
        return error.exit_code
    if as_json:
        write_json({"run_id": ended.run_id, "seconds": round(ended.seconds, 1), **found})
    else:
        show(result_text(found))
    return 0


def result_text(found: dict[str, Any]) -> RenderableType:
    """Show what was found in each part, and what to do with it."""
    table = Table(box=None, pad_edge=False)
    for head in ("part", "trials", "given up", "failed", "present", "best", "lift", "trial"):
        table.add_column(head, justify="left" if head == "part" else "right")
    for part in sorted(found["parts"], key=lambda part: list(SPACES).index(part["part"])):
        present, best = part["present_value"], part["best_value"]
        table.add_row(
            part["part"],
            *(str(part[name]) for name in ("complete", "pruned", "failed")),
            *(f"{value:.4f}" for value in (present, best)),
            f"{best / present - 1:+.1%}" if present else "",
            str(part["best_trial"]),
        )
    lines = [
        "",
        f"nDCG@10, {found['setting'].replace('_', ' ')}: mean over periods before the test period.",
        "The best of many trials looks better than it is.",
        "",
        _next_step(found["settings_file"], found["reason"]),
    ]
    return Group(Text(""), table, Text("\n".join(lines), no_wrap=True, overflow="ignore"))


def _next_step(file: str, reason: str) -> str:
    if file.startswith("none"):
        return "Nothing was better than the present settings; no file was written."
    shown = os.path.relpath(file)
    if reason:
        return f"Written: {shown}\n{reason}.\nTake over by hand what you want."
    if file.endswith(".proposed.yml"):
        accepted = shown.replace(".proposed.yml", ".yml")
        move = f"mv {shlex.quote(shown)} {shlex.quote(accepted)}"
        return f"Written: {shown}\nLook at it; `{move}` makes the next run use it."
    return f"Written: {shown}\nThe next run uses it."


def _config(plan: TuningPlan, accept: bool) -> dict[str, Any]:
    return {
        "trials": plan.trials,
        "timeout_seconds": plan.timeout_seconds,
        "parts": list(plan.parts),
        "folds": plan.folds,
        "jobs": plan.jobs,
        "write": accept,
    }


def _listener(found: dict[str, Any]) -> Callable[[dg.EventLogEntry, Console], None]:
    """Show each trial, and keep what the search found."""

    def listen(entry: dg.EventLogEntry, console: Console) -> None:
        event = entry.dagster_event
        if entry.step_key != STEP:
            return
        if event is None and entry.level == logging.INFO:
            console.print(f"        {entry.user_message}", style="dim")
        elif event and event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            metadata = event.step_materialization_data.materialization.metadata
            for name in ("parts", "setting", "settings_file", "reason"):
                found[name] = metadata[name].value

    return listen
