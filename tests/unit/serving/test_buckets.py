import hashlib
import random

import duckdb
import jinja2
import pyarrow as pa
import pytest

from orchestration.settings import PROJECT_ROOT
from serving.buckets import BUCKETS, bucket

ALPHABETS = [
    "abcdefghij0123456789-_",
    "äöüßéñ",
    "漢字かなカナ",
    "🙂🚀👩‍🔬",
    "'\"\\;:% \t\n",
    "\u0000\u200b\u202e",
]


def ids(count: int) -> list[str]:
    random_source = random.Random(7)
    made = ["", " ", ":", "null", "0", "e\u0301", "\u00e9"]
    while len(made) < count:
        letters = random_source.choice(ALPHABETS)
        made.append("".join(random_source.choices(letters, k=random_source.randint(1, 40))))
    return made


def macro(salt: str, unit_id: str, buckets: int) -> str:
    text = (PROJECT_ROOT / "macros" / "bucket.sql").read_text(encoding="utf-8")
    module = jinja2.Environment(autoescape=False).from_string(text).module
    return str(module.bucket(salt, unit_id, buckets))


def test_sql_and_python_agree_on_100_000_ids():
    units = ids(100_000)
    salts = ["release-7", "é:🙂"] * 50_000
    given = pa.table({"place": range(len(units)), "salt": salts, "unit_id": units})
    expression = macro("salt", "unit_id", BUCKETS)
    with duckdb.connect() as connection:
        connection.register("given", given)
        query = f"select {expression} as bucket from given order by place"
        found = connection.execute(query).fetchnumpy()["bucket"]
    assert found.tolist() == [bucket(*pair) for pair in zip(salts, units, strict=True)]


def test_the_first_32_bits_of_the_digest_count():
    digest = hashlib.md5(b"spring:u42").digest()
    assert bucket("spring", "u42") == int.from_bytes(digest[:4], "big") % 10_000


def test_buckets_are_equally_large_and_salts_independent():
    first = [bucket("a", f"u{number}", 10) for number in range(20_000)]
    second = [bucket("b", f"u{number}", 10) for number in range(20_000)]
    both = [one * 10 + other for one, other in zip(first, second, strict=True)]
    # 200 are expected in each of the 100 pairs, with a deviation of 14.
    assert min(both.count(pair) for pair in range(100)) > 200 - 5 * 14
    assert max(both.count(pair) for pair in range(100)) < 200 + 5 * 14


def test_text_that_is_no_unicode_has_a_bucket():
    assert 0 <= bucket("a", "\ud800") < BUCKETS


@pytest.mark.parametrize("buckets", [0, -1, 1_000_001])
def test_refuses_a_number_of_buckets_that_cannot_be(buckets):
    with pytest.raises(ValueError, match=f"from 1 to 1000000, got {buckets}"):
        bucket("a", "u1", buckets)
