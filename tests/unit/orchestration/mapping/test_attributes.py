import pytest

from orchestration.mapping import load_mapping
from tests.unit.orchestration.mapping.checked import problems


def test_attributes_are_a_list_that_names_each_once(write, shop, project):
    shop["items"] = {"relation": "i.csv", "columns": {"item_id": "id"}, "attributes": "brand"}
    shop["users"] = {
        "relation": "u.csv",
        "columns": {"user_id": "id"},
        "attributes": ["age", "age", "town"],
    }
    assert problems(write(shop), project) == [
        "items.attributes: 'brand' must be a list; write it as [one, two]",
        "users.attributes: ['age', 'age', 'town'] names 'age' more than once; name it once",
    ]


def with_users(shop, **keys):
    return {
        **shop,
        "users": {"relation": "log/u.parquet", "columns": {"user_id": "id"}, **keys},
    }


@pytest.mark.parametrize(
    "keys",
    [
        {"attributes": ["Age", "city"], "sensitive": ["age"]},
        {"columns": {"user_id": "id", "segment": "Age"}, "sensitive": ["age"]},
    ],
)
def test_a_sensitive_column_is_not_used_unless_it_is_allowed(write, shop, project, keys):
    assert problems(write(with_users(shop, **keys)), project) == [
        "users.allowed_sensitive: () lacks the sensitive 'Age'; take it out of users.attributes "
        "and of users.columns.segment, or allow it here by name"
    ]
    mapping = load_mapping(str(write(with_users(shop, allowed_sensitive=["AGE"], **keys))), project)
    assert mapping.users.sensitive == ("age",)


def test_only_what_is_sensitive_can_be_allowed(write, shop, project):
    keys = {"sensitive": ["age"], "allowed_sensitive": ["aeg"]}
    assert problems(write(with_users(shop, **keys)), project) == [
        "users.allowed_sensitive: ['aeg'] allows 'aeg', which users.sensitive does not name; "
        "correct one of the two"
    ]


@pytest.mark.parametrize("part", ["users", "items"])
def test_the_ranker_learns_from_attributes_that_are_kept(write, shop, project, part):
    keys = {"attributes": ["city"], "ranker_attributes": ["city", "floor"]}
    columns = {"users": {"user_id": "id"}, "items": {"item_id": "id"}}[part]
    faulty = {**shop, part: {"relation": "log/x.parquet", "columns": columns, **keys}}
    assert problems(write(faulty), project) == [
        f"{part}.ranker_attributes: ['city', 'floor'] names 'floor', which attributes does not; "
        "name it in attributes too"
    ]
