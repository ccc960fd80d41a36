import hashlib

import pytest

from serving.keys import find_key, parse_keys

LONG = "a-key-of-enough-characters"


def test_keys_are_read_a_line_or_parted_by_semicolons():
    digest = hashlib.sha256(LONG.encode()).hexdigest()
    keys = parse_keys(
        f"# the shop\nshop read,write {LONG}\n\nwatcher admin sha256:{digest}; x read {LONG}x"
    )
    assert [(key.name, sorted(key.scopes)) for key in keys] == [
        ("shop", ["read", "write"]),
        ("watcher", ["admin"]),
        ("x", ["read"]),
    ]
    assert keys[0].digest == keys[1].digest == hashlib.sha256(LONG.encode()).digest()


def test_a_key_is_found_by_itself_and_by_nothing_else():
    keys = parse_keys(f"shop read {LONG};other write {LONG}2")
    assert find_key(keys, LONG + "2").name == "other"
    assert find_key(keys, LONG[:-1]) is None
    assert find_key(keys, "") is None
    assert find_key(keys, keys[0].digest.hex()) is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("shop read", "got 2 words"),
        (f"shop own {LONG}", "unknown scopes"),
        ("shop read short", ">= 16 characters"),
        ("shop read sha256:zz" + "0" * 62, "sha256:DIGEST"),
        (f"shop read {LONG};shop write {LONG}2", "its own name"),
    ],
)
def test_a_line_that_is_no_key_is_refused_without_showing_it(text, rule):
    with pytest.raises(ValueError, match=rule) as refused:
        parse_keys(text)
    assert LONG not in str(refused.value)
