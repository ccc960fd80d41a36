"""The entities: whom and what features are about."""

from feast import Entity, ValueType

# The join keys of the entities; each is a column of the same name in the feature tables.
USER = Entity(
    name="user",
    join_keys=["user_id"],
    value_type=ValueType.STRING,
    description="A person who interacts with items.",
)
ITEM = Entity(
    name="item",
    join_keys=["item_id"],
    value_type=ValueType.STRING,
    description="A thing that can be recommended.",
)
CATEGORY = Entity(
    name="category",
    join_keys=["category"],
    value_type=ValueType.STRING,
    description="A group of items, as the catalogue names it.",
)
