"""Which buckets are of which arm: SQL and Python lay them out alike."""

import duckdb
import jinja2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.settings import PROJECT_ROOT
from serving import assignment
from serving.assignment import Arm, Experiment, assigned_arm, is_held_out
from serving.buckets import BUCKETS

# Where rounding a beginning by itself overlaps with the end before it, and where it leaves a gap.
OVERLAP, GAP = [4645, 59225, 36130], [2020, 30670, 4495, 62815]


def rendered(path: str) -> str:
    """Render the SQL of a model as dbt does, with tables by their own names."""
    texts = [PROJECT_ROOT / "macros" / "bucket_edge.sql", PROJECT_ROOT / path]
    text = "".join(part.read_text(encoding="utf-8") for part in texts)
    return jinja2.Environment(autoescape=False).from_string(text).render(ref=lambda name: name)


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        opened.execute(
            "create table exp_experiments "
            "(experiment_id varchar, variants varchar, reject_reason varchar)"
        )
        yield opened


def arms_in_sql(connection, shares: list[float]) -> list[str]:
    """Name the arms of every bucket, as `exp_variants` has them."""
    variants = " ".join(f"arm{place}:{share!r}:live" for place, share in enumerate(shares))
    connection.execute("delete from exp_experiments")
    connection.execute("insert into exp_experiments values ('e', ?, null)", [variants])
    query = f"""
        select string_agg(variant, ' ' order by variant) as arms
        from range({BUCKETS}) as buckets(bucket)
        left join ({rendered("models/experiments/exp_variants.sql")}) as variants
            on bucket >= bucket_from and bucket < bucket_until
        group by bucket
        order by bucket
    """
    return [arms for (arms,) in connection.execute(query).fetchall()]


def arms_in_python(shares: list[float]) -> list[str | None]:
    """Name the arm of a user of every bucket."""
    arms = tuple(Arm(f"arm{place}", share, "live") for place, share in enumerate(shares))
    experiment = Experiment("e", "layer", "salt", arms)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assignment, "bucket", lambda salt, user: int(user) if salt == "salt" else 0)
        found = [assigned_arm(experiment, str(bucket)) for bucket in range(BUCKETS)]
    return [arm.name if arm else None for arm in found]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 100_000), min_size=2, max_size=6), st.booleans())
@example(OVERLAP, True)
@example(GAP, True)
def test_every_bucket_has_the_same_one_arm_in_sql_and_in_python(connection, sizes, is_short):
    total = sum(sizes)
    shares = [size / total for size in sizes]
    if is_short:
        # Five decimals, as people write them: half of the edges lie in the middle of a bucket.
        parts = [max(1, round(share * 100_000)) for share in shares]
        parts[parts.index(max(parts))] += 100_000 - sum(parts)
        shares = [part / 100_000 for part in parts]
    found = arms_in_sql(connection, shares)
    assert found == arms_in_python(shares)
    assert set(found) <= {f"arm{place}" for place in range(len(shares))}


def test_an_edge_in_the_middle_of_a_bucket_takes_the_whole_of_it(connection):
    found = arms_in_sql(connection, [share / 100_000 for share in OVERLAP])
    # 464.5 buckets, 6387 together with the next arm.
    assert [found.count(f"arm{place}") for place in range(3)] == [465, 5922, 3613]


def test_shares_of_layers_and_holdouts_end_at_the_same_bucket_in_sql_and_in_python(connection):
    shares = [part / 100_000 for part in range(100_001)]
    edge = jinja2.Environment(autoescape=False).from_string(
        (PROJECT_ROOT / "macros" / "bucket_edge.sql").read_text(encoding="utf-8")
    )
    query = f"select {edge.module.bucket_edge('share')} from (select unnest(?) as share)"
    in_sql = [found for (found,) in connection.execute(query, [shares]).fetchall()]
    # Five decimals of a share are tenths of a bucket, rounded half up.
    assert in_sql == [(part + 5) // 10 for part in range(100_001)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assignment, "bucket", lambda salt, user: int(user))
        for share, edge_of_share in list(zip(shares, in_sql, strict=True))[10:50_001:7]:
            assert is_held_out(str(edge_of_share - 1), share)
            assert not is_held_out(str(edge_of_share), share)
