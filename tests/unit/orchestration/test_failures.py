import dagster as dg

from orchestration.terminal.failures import failed_check, failure_of

DBT = """The dbt CLI process with command

`dbt build --vars {"mapping": {}}`

failed with exit code `1`. Check the stdout in the Dagster compute logs for the full information \
about the error, or view the dbt debug log: /data/dbt/feature_models/dbt.log.

Errors parsed from dbt logs:

\x1b[31mGot 3 results, configured to fail if != 0\x1b[0m"""


def events_of(definitions):
    """Run everything, and collect the events as a listener gets them."""
    entries = []
    run_id = "7d9dd0ae-0000-4000-8000-000000000000"
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_event_listener(run_id, entries.append)
        job = definitions.resolve_implicit_global_asset_job_def()
        job.execute_in_process(instance=instance, run_id=run_id, raise_on_error=False)
    return entries


def failures(definitions):
    found = map(failure_of, events_of(definitions))
    return {failure.step: failure for failure in found if failure}


def test_what_was_raised_is_told_without_the_machinery():
    @dg.asset
    def candidates() -> None:
        try:
            _ = {}["user"]
        except KeyError as error:
            raise ValueError("no interactions: the log has no pairs") from error

    failure = failures(dg.Definitions(assets=[candidates]))["candidates"]
    assert failure.cause == "no interactions: the log has no pairs"
    assert "KeyError" in failure.details
    assert __file__ in failure.details


def test_of_a_step_that_was_tried_again_in_vain_what_was_raised_is_told():
    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
    def online() -> None:
        raise OSError("disk I/O error")

    assert failures(dg.Definitions(assets=[online]))["online"].cause == "disk I/O error"


def test_a_resource_that_cannot_be_made_is_told_too():
    class Broken(dg.ConfigurableResource):
        def setup_for_execution(self, context: dg.InitResourceContext) -> None:
            raise RuntimeError("run 1234 is working on the log")

    @dg.asset
    def candidates(log: Broken) -> None:
        log.model_dump()

    found = failures(dg.Definitions(assets=[candidates], resources={"log": Broken()}))
    assert [failure.cause for failure in found.values()] == ["run 1234 is working on the log"]


def test_of_dbt_its_own_words_are_kept_and_where_to_read_on():
    class DagsterDbtCliRuntimeError(Exception):
        """Named like the one that dagster-dbt raises."""

    @dg.asset
    def models() -> None:
        raise DagsterDbtCliRuntimeError(DBT)

    assert failures(dg.Definitions(assets=[models]))["models"].cause == (
        "Got 3 results, configured to fail if != 0\n\n"
        "The whole log of dbt: /data/dbt/feature_models/dbt.log"
    )


def test_a_run_that_was_stopped_is_no_mistake_of_the_log():
    @dg.asset
    def models() -> None:
        raise dg.DagsterExecutionInterruptedError

    assert failures(dg.Definitions(assets=[models]))["models"].is_interruption


def test_a_check_that_fails_says_what_it_found():
    @dg.asset(key=["ml", "candidates"])
    def candidates() -> None:
        pass

    @dg.asset_check(asset=candidates, name="matches_schema", blocking=True)
    def matches_schema() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="candidate_rank >= 1: 0")

    entries = events_of(dg.Definitions(assets=[candidates], asset_checks=[matches_schema]))
    found = [text for text in map(failed_check, entries) if text]
    assert found == ["ml.candidates fails the check matches_schema:\ncandidate_rank >= 1: 0"]


def test_what_a_test_of_dbt_found_is_the_cause_of_the_step():
    @dg.asset(check_specs=[dg.AssetCheckSpec("every_rule", asset="rules", blocking=True)])
    def rules():
        yield dg.AssetCheckResult(check_name="every_rule", passed=False)
        raise ValueError("pin item nix 2: unknown_item")

    entries = events_of(dg.Definitions(assets=[rules]))
    assert not [entry for entry in entries if failed_check(entry)]
    causes = {failure.cause for failure in map(failure_of, entries) if failure}
    assert causes == {"pin item nix 2: unknown_item"}


def test_a_run_that_succeeds_reports_nothing():
    @dg.asset
    def candidates() -> None:
        pass

    entries = events_of(dg.Definitions(assets=[candidates]))
    assert not [entry for entry in entries if failure_of(entry) or failed_check(entry)]
