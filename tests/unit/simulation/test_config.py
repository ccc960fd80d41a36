import pytest

from simulation.config import BLOCK_USERS, DirtRates, WorldConfig


@pytest.mark.parametrize("name", ["users", "items", "days", "list_length"])
def test_a_size_below_one_is_refused(name):
    sizes = {"users": 1, "items": 1, "days": 1, "seed": 0} | {name: 0}
    with pytest.raises(ValueError, match=rf"{name} must be >= 1, got 0"):
        WorldConfig(**sizes)


def test_a_seed_below_zero_is_refused():
    with pytest.raises(ValueError, match=r"seed must be >= 0, got -1"):
        WorldConfig(users=1, items=1, days=1, seed=-1)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(ValueError, match=r"late must be in \[0, 1\]"):
        DirtRates(late=rate)


def test_defects_that_would_fill_more_than_all_rows_are_refused():
    with pytest.raises(ValueError, match=r"defects exclude each other"):
        DirtRates(late=0.6, repeated=0.6)


def test_the_log_covers_the_days_before_its_end():
    config = WorldConfig(users=1, items=1, days=120, seed=0)
    # 2026-03-01 00:00 UTC, from `date -u -d 2026-03-01 +%s`; 120 days earlier is 2025-11-01.
    assert config.end_second == 1_772_323_200
    assert config.start_second == 1_761_955_200


@pytest.mark.parametrize(
    ("users", "blocks"), [(1, 1), (BLOCK_USERS, 1), (BLOCK_USERS + 1, 2), (3 * BLOCK_USERS, 3)]
)
def test_the_last_block_may_be_smaller(users, blocks):
    assert WorldConfig(users=users, items=1, days=1, seed=0).block_count == blocks
