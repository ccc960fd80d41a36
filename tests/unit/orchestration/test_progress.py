import io

import dagster as dg

from orchestration.terminal.progress import Progress
from orchestration.terminal.streams import plain_console

RUN_ID = "7d9dd0ae-0000-4000-8000-000000000000"
TITLES = {"ml__candidates": "Propose items.", "ml__lists": "Make lists [of 10] :gem:."}


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


@dg.asset(key=["ml", "candidates"])
def candidates(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    context.log.info("built features.ftr_user_taste")
    context.log.warning("users: 'a[/b]:id:.csv' has no rows")
    context.log.warning("Logging an `AssetObservation` instead of an `AssetCheckResult` for it.")
    return dg.MaterializeResult(metadata={"dagster/row_count": 1234, "Execution Duration": 2.5})


@dg.asset(key=["ml", "lists"], deps=[candidates])
def lists() -> None:
    raise RuntimeError("no lists")


def shown_of(*assets, is_terminal=False):
    """Run assets; gives what is printed, and the progress that printed it."""
    stream = Terminal() if is_terminal else io.StringIO()
    console = plain_console(file=stream)
    console.width = 80
    with dg.DagsterInstance.ephemeral() as instance, Progress(console) as progress:
        progress.start(TITLES)
        instance.add_event_listener(RUN_ID, progress.follow)
        job = dg.Definitions(assets=assets).resolve_implicit_global_asset_job_def()
        job.execute_in_process(instance=instance, run_id=RUN_ID, raise_on_error=False)
    return stream.getvalue(), progress


def test_every_step_is_a_plain_line():
    shown, _ = shown_of(candidates)
    assert "[ 1/2] Propose items. 0 s, 1,234 rows, done" in shown
    assert "\x1b" not in shown


def test_the_seconds_of_steps_and_of_models_within_them_are_kept():
    _, progress = shown_of(candidates, lists)
    assert progress.model_seconds == {"candidates": 2.5}
    assert progress.step_seconds.keys() == TITLES.keys()
    assert min(progress.step_seconds.values()) > 0


def test_a_terminal_shows_what_was_built_last_in_a_step_that_goes_on():
    shown, _ = shown_of(candidates, is_terminal=True)
    assert "features.ftr_user_taste" in shown
    assert "features.ftr_user_taste" not in shown_of(candidates)[0]


def test_a_warning_of_an_asset_is_passed_on():
    shown, _ = shown_of(candidates)
    assert "! users: 'a[/b]:id:.csv' has no rows" in shown
    assert "AssetObservation" not in shown


def test_a_failed_step_is_marked_and_its_cause_kept():
    shown, progress = shown_of(candidates, lists)
    assert "[ 2/2] Make lists [of 10] :gem:. 0 s, failed" in shown
    assert [failure.cause for failure in progress.failures] == ["no lists"]
