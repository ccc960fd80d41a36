import duckdb
import pytest
import yaml

from orchestration.attributes import ranker_attributes, with_attributes
from orchestration.mapping.model import Mapping

MAPPING = """
name: shop
events:
  relation: e.csv
  columns: {user_id: u, item_id: i, event_type: t, occurred_at: a}
users:
  relation: u.csv
  columns: {user_id: u}
  attributes: [city, age]
  ranker_attributes: [city]
  sensitive: [age]
  allowed_sensitive: [age]
items:
  relation: i.csv
  columns: {item_id: i}
  attributes: [the "brand"]
  ranker_attributes: [the "brand"]
"""
CATALOGUE = """
create schema staging;
create table staging.stg_catalog__users as
select 'u1' as user_id, map(['city', 'age'], ['Oslo', '40']) as attributes;
create table staging.stg_catalog__items as
select 'i1' as item_id, map(['the "brand"'], ['Ikke']) as attributes;
create table pairs as
select unnest(['u1', 'u2']) as user_id, 'i1' as item_id, 3 as als_rank;
"""


@pytest.fixture
def mapping():
    return Mapping.model_validate(yaml.safe_load(MAPPING))


def test_the_ranker_gets_the_attributes_that_the_mapping_names_for_it(mapping):
    assert ranker_attributes(mapping) == ["user_attribute__city", 'item_attribute__the "brand"']


def test_without_users_and_items_there_are_none(mapping):
    assert ranker_attributes(mapping.model_copy(update={"users": None, "items": None})) == []


def test_the_attributes_among_the_features_stand_beside_the_pair(mapping):
    features = ["als_rank", *ranker_attributes(mapping)]
    with duckdb.connect() as connection:
        connection.execute(CATALOGUE)
        rows = connection.execute(with_attributes("from pairs", features)).df()
    assert list(rows.columns) == ["user_id", "item_id", *features]
    by_user = rows.set_index("user_id")
    assert by_user.loc["u1", "user_attribute__city"] == "Oslo"
    assert by_user["user_attribute__city"].isna()["u2"]
    assert set(by_user['item_attribute__the "brand"']) == {"Ikke"}


def test_a_query_without_attributes_stays_as_it_is():
    assert with_attributes("from pairs", ["als_rank"]) == "from pairs"
