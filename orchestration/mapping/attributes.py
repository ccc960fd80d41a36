"""Which attributes of a mapping may be used."""

from collections.abc import Sequence


def kept(names: tuple[str, ...], attributes: Sequence[str]) -> tuple[str, ...]:
    """Return what the ranker learns from.

    Raises
    ------
    ValueError
        If it is not among the attributes that are kept.
    """
    missing = [name for name in names if name not in attributes]
    if missing:
        listed = ", ".join(map(repr, missing))
        msg = f"names {listed}, which attributes does not; name it in attributes too"
        raise ValueError(msg)
    return names


def allowing(
    names: tuple[str, ...], sensitive: Sequence[str], used: Sequence[str]
) -> tuple[str, ...]:
    """Return what is allowed though it is sensitive.

    Raises
    ------
    ValueError
        If a sensitive column is used that is not allowed, or one is allowed that is not sensitive.
        Columns have the same name in any case, as for DuckDB.
    """
    refused = {name.lower() for name in sensitive} - {name.lower() for name in names}
    without = [name for name in used if name.lower() in refused]
    if without:
        listed = ", ".join(map(repr, without))
        msg = (
            f"lacks the sensitive {listed}; take it out of users.attributes and of "
            "users.columns.segment, or allow it here by name"
        )
        raise ValueError(msg)
    needless = [name for name in names if name.lower() not in {word.lower() for word in sensitive}]
    if needless:
        listed = ", ".join(map(repr, needless))
        msg = f"allows {listed}, which users.sensitive does not name; correct one of the two"
        raise ValueError(msg)
    return names
