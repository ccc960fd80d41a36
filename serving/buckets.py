"""A number that belongs to an id: who is in a canary, and who gets which arm of an experiment."""

import hashlib

BUCKETS = 10_000


def bucket(salt: str, unit_id: str, buckets: int = BUCKETS) -> int:
    """Put a unit, such as a user, into one of many buckets of equal size, always the same one.

    The macro `bucket` says the same in SQL; a test compares the two on 100 000 ids.

    Parameters
    ----------
    salt : str
        What the buckets are for. Two salts give two independent splits, so name the experiment or
        the release in it.
    unit_id : str
        Any text.
    buckets : int
        How many there are, from 1 to a million; the default is a hundredth of a percent each.

    Returns
    -------
    int
        From 0 to ``buckets - 1``: the first 32 bits of ``md5(salt || ':' || unit_id)``, in UTF-8,
        modulo the number. No bucket is larger than another by more than ``buckets / 2**32``.

    Raises
    ------
    ValueError
        If there are fewer buckets than one, or more than a million.
    """
    if not 1 <= buckets <= 1_000_000:
        raise ValueError(f"buckets must be from 1 to 1000000, got {buckets}")
    # Text that is no Unicode, which no warehouse holds, gets a bucket as well.
    text = f"{salt}:{unit_id}".encode("utf-8", "surrogatepass")
    digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % buckets
