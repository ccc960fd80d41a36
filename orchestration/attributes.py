"""Attributes of users and items as features of the ranker: those that the mapping allows."""

from collections.abc import Sequence

from orchestration.mapping import Mapping

# A feature is named after whom it describes and the column in the source.
PREFIXES = {"user_attribute__": "users", "item_attribute__": "items"}


def ranker_attributes(mapping: Mapping) -> list[str]:
    """List the features that the mapping adds to what users did.

    A sensitive column is among them only if the mapping allows it by name; a mapping that names
    another one is refused when it is read.
    """
    parts = {"user_attribute__": mapping.users, "item_attribute__": mapping.items}
    return [
        f"{prefix}{name}"
        for prefix, part in parts.items()
        for name in (part.ranker_attributes if part else ())
    ]


def with_attributes(query: str, features: Sequence[str], catalogue: str = "") -> str:
    """Add the attributes among some features to a query of pairs, as text.

    Parameters
    ----------
    query : str
        A `select` with `user_id` and `item_id`.
    features : sequence of str
        Others than attributes are left alone.
    catalogue : str
        What stands before the schema `staging`; ends in a dot.
    """
    columns = [
        f"{part}.attributes[{_literal(name.removeprefix(prefix))}] as {_identifier(name)}"
        for prefix, part in PREFIXES.items()
        for name in features
        if name.startswith(prefix)
    ]
    if not columns:
        return query
    return f"""
        select pairs.*, {", ".join(columns)}
        from ({query}) as pairs
        left join {catalogue}staging.stg_catalog__users as users
            on pairs.user_id = users.user_id
        left join {catalogue}staging.stg_catalog__items as items
            on pairs.item_id = items.item_id
    """


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
