"""A feature view says what its dbt contract says, neither more nor less."""

from pathlib import Path

import pytest
import yaml
from feast import FeatureService, FeatureView
from feast.types import Bool, Float64, Int64, String

from feature_repo.definitions import build_objects, build_views

MODELS = Path(__file__).parents[3] / "models" / "features"
VIEWS = {view.name: view for view in build_views(Path("features"))}
FEAST_TYPES = {"bigint": Int64, "boolean": Bool, "double": Float64, "varchar": String}


def contracts() -> dict[str, dict]:
    """Models of the features folder, by name."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(MODELS.glob("_*.yml"))]
    return {
        model["name"]: model for text in texts for model in yaml.safe_load(text).get("models", [])
    }


def test_every_feature_table_has_one_view():
    assert sorted(view.tags["dbt_model"] for view in VIEWS.values()) == sorted(contracts())
    assert {path.stem for path in MODELS.glob("*.sql")} == set(contracts())


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_has_the_columns_of_its_contract(view):
    columns = {
        column["name"]: column["data_type"]
        for column in contracts()[view.tags["dbt_model"]]["columns"]
    }
    assert columns.pop(view.batch_source.timestamp_field) == "timestamp"
    expected = {name: FEAST_TYPES[kind] for name, kind in columns.items()}
    assert {field.name: field.dtype for field in view.schema} == expected


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_the_keys_of_a_view_and_its_moment_are_the_grain_of_its_table(view):
    model = contracts()[view.tags["dbt_model"]]
    (key,) = [c["columns"] for c in model["constraints"] if c["type"] == "primary_key"]
    assert sorted([*view.join_keys, view.batch_source.timestamp_field]) == sorted(key)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_reads_the_file_named_after_its_table(view):
    table = view.tags["dbt_model"]
    assert view.name == table.removeprefix("ftr_")
    assert view.batch_source.name == table
    assert Path(view.batch_source.path) == Path("features") / f"{table}.parquet"


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_values_expire(view):
    # Feast takes 0 for ever.
    assert view.ttl.total_seconds() > 0


def test_the_ranker_gets_every_feature():
    objects = build_objects(Path("features"))
    (service,) = [thing for thing in objects if isinstance(thing, FeatureService)]
    taken = {p.name: [field.name for field in p.features] for p in service.feature_view_projections}
    pushed = "user_recent_events"
    views = [v for v in objects if isinstance(v, FeatureView) and v.name != pushed]
    assert service.name == "ranker_v1"
    assert taken == {view.name: [field.name for field in view.features] for view in views}
