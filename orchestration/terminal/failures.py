"""The real cause of a failed run, without the machinery around it."""

import re
from dataclasses import dataclass

import dagster as dg

# What Dagster wraps an error in, the second when a step was tried again in vain.
WRAPPINGS = ("Dagster", "RetryRequested")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
DBT_ERRORS = "Errors parsed from dbt logs:"
DBT_LOG = re.compile(r"view the dbt debug log: (?P<file>.+?)\.\n")


@dataclass(frozen=True)
class Failure:
    """Why a run failed.

    Attributes
    ----------
    step : str
        The step, or `run` if none had begun.
    cause : str
        What the person who started the run should know.
    details : str
        Where each error came from.
    is_interruption : bool
        Whether somebody stopped the run, by Ctrl-C or a signal.
    """

    step: str
    cause: str
    details: str
    is_interruption: bool = False


def failure_of(entry: dg.EventLogEntry) -> Failure | None:
    """Return the failure that an event reports; None for all other events."""
    event = entry.dagster_event
    if event is None:
        return None
    if event.event_type == dg.DagsterEventType.STEP_FAILURE:
        error = event.step_failure_data.error
    elif event.event_type == dg.DagsterEventType.RUN_FAILURE:
        error = event.job_failure_data.error
    else:
        return None
    if error is None:
        return None
    # Below Dagster's wrapping is what was raised; what that came from is for the details.
    raised = error
    while raised.cause is not None and (raised.cls_name or "").startswith(WRAPPINGS):
        raised = raised.cause
    cause = _without_class(raised.message, raised.cls_name or "")
    return Failure(
        event.step_key or "run",
        _from_dbt(cause),
        error.to_string(),
        is_interruption=raised.cls_name == "DagsterExecutionInterruptedError",
    )


def failed_check(entry: dg.EventLogEntry) -> str | None:
    """Return what a failed blocking check found; None for all other events.

    What a test of dbt found is not with its check: it is the cause of the failure of the step.
    """
    event = entry.dagster_event
    if event is None or event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return None
    evaluation = event.asset_check_evaluation_data
    if evaluation.passed or not evaluation.blocking or not evaluation.description:
        return None
    table = ".".join(evaluation.asset_key.path)
    return f"{table} fails the check {evaluation.check_name}:\n{evaluation.description}"


def _without_class(message: str, name: str) -> str:
    """Take the name of the exception off its message."""
    return re.sub(rf"^([\w.]*\.)?{re.escape(name)}: ", "", message.strip())


def _from_dbt(message: str) -> str:
    """Keep of a message about dbt what dbt itself said, and where to read on."""
    if DBT_ERRORS not in message:
        return message
    said = COLOURS.sub("", message.split(DBT_ERRORS, maxsplit=1)[1]).strip()
    log = DBT_LOG.search(message)
    return f"{said}\n\nThe whole log of dbt: {log['file']}" if log else said
