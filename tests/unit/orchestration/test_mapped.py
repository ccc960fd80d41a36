import dagster as dg
import pytest
import yaml

from orchestration.assets.mapped import mapped_log
from orchestration.mapping import MappingError
from orchestration.resources import MappedLog, Warehouse
from orchestration.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    ("relation", "rule"),
    [
        ("shop.events", "is no table or view of the warehouse; load it there"),
        ("log/events.xlsx", "is neither a table nor a pattern of files"),
    ],
)
def test_before_there_is_a_warehouse_no_table_is_in_it(relation, rule, tmp_path):
    columns = {name: name for name in ("user_id", "item_id", "event_type", "occurred_at")}
    file = tmp_path / "shop.yml"
    mapping = {"name": "sample", "events": {"relation": relation, "columns": columns}}
    file.write_text(yaml.safe_dump({"mapping": mapping}))
    log = MappedLog(home=str(tmp_path), mapping=str(file), project_root=str(PROJECT_ROOT))
    with pytest.raises(MappingError) as error:
        dg.materialize(
            [mapped_log],
            instance=dg.DagsterInstance.ephemeral(),
            resources={"log": log, "warehouse": Warehouse(log=log)},
        )
    assert f"events.relation: '{relation}' {rule}" in str(error.value)
