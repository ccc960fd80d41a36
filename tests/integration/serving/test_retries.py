"""A server that is away for a moment delays a run, and does not fail it."""

from datetime import UTC

import dagster as dg
import duckdb
import pytest

from feature_repo.definitions import build_views
from feature_repo.lookup import fresh_features
from orchestration.assets.features import online_features
from orchestration.resources import Features, MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT
from tests.integration.feature_store.rows import SECOND, feature_rows
from tests.integration.serving.redis_server import RedisServer

pytestmark = pytest.mark.integration

CUTOFF = """
create schema intermediate;
create table intermediate.int_cutoffs as select 'serve' as role, cast(? as timestamp) as cutoff_at
"""


@pytest.fixture
def server(tmp_path):
    server = RedisServer(tmp_path / "redis")
    yield server
    server.kill()


@pytest.fixture
def log(tmp_path, server):
    """Return a log whose features are exported and known to Feast."""
    log = MappedLog(
        home=str(tmp_path),
        mapping="sample",
        project_root=str(PROJECT_ROOT),
        online_store=server.url,
    )
    places = log.places()
    places.make_folders()
    for view in build_views(places.features):
        feature_rows(view).to_parquet(view.batch_source.path)
    with duckdb.connect(str(places.warehouse)) as connection:
        connection.execute(CUTOFF, [SECOND.astimezone(UTC).replace(tzinfo=None)])
    Features(log=log).apply()
    return log


def test_a_redis_server_that_is_restarted_meanwhile_gets_its_rows(log, server):
    run_id = "7d9dd0ae-0000-4000-8000-000000000000"
    features = Features(log=log)
    definitions = dg.Definitions(
        assets=[online_features],
        resources={"features": features, "warehouse": Warehouse(log=log)},
    )

    def restart(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event and event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY:
            server.start()

    server.kill()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_event_listener(run_id, restart)
        job = definitions.resolve_implicit_global_asset_job_def()
        outcome = job.execute_in_process(instance=instance, run_id=run_id, raise_on_error=False)
    assert outcome.success
    assert outcome.retry_attempts_for_node("feature_store__online") == 1
    (values,) = fresh_features(
        features.open(),
        "ranker_v1",
        [{"user_id": "u1", "item_id": "i1", "category": "shoes"}],
        SECOND,
    )
    assert values["user_activity__days_since_last"] is not None
