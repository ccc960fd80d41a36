import pytest

from orchestration.releases.bounds import GateBounds
from orchestration.releases.gates import judge
from serving.bundle import Bundle


@pytest.fixture
def gates(build):
    def found(live=None, bounds=None, **choices):
        bundle = Bundle.open(build("new", **choices))
        compared = Bundle.open(build("old", **live)) if live is not None else None
        return {gate.name: gate for gate in judge(bundle, compared, bounds or GateBounds())}

    return found


def test_a_sound_release_passes_every_gate(gates):
    found = gates(live={})
    assert set(found) == {
        "user_share",
        "list_length",
        "repeats",
        "unavailable",
        "seen",
        "coverage",
        "freshness",
        "sql_baseline",
        "live_release",
    }
    assert all(gate.has_passed and gate.shortfall == 0 for gate in found.values())
    assert found["user_share"].value == 1.0
    assert found["coverage"].value == 1.0
    assert found["sql_baseline"].value == pytest.approx(0.1)
    assert found["live_release"].value == 0.0


def test_a_user_without_a_list_is_missed_by_half(gates):
    gate = gates(lists=[[2, 3], []])["user_share"]
    assert (gate.has_passed, gate.value, gate.bound, gate.shortfall) == (False, 0.5, 1.0, 0.5)
    assert gate.message == (
        "1 of 2 users with items left have a list, a share of 0.5; must be at least 1, "
        "missed by 0.5"
    )


def test_a_short_list_is_counted(gates):
    gate = gates(lists=[[2], [0, 1]])["list_length"]
    assert (gate.has_passed, gate.value, gate.shortfall) == (False, 1, 1)


def test_a_list_may_be_short_when_nothing_else_is_left(gates):
    found = gates(lists=[[3], [0, 1]], excluded=[[0, 1, 2], []])
    assert found["list_length"].has_passed
    assert found["user_share"].has_passed


def test_a_user_who_has_seen_everything_needs_no_list(gates):
    found = gates(lists=[[], [0, 1]], excluded=[[0, 1, 2, 3], []])
    assert found["user_share"].has_passed
    assert "1 of 1 users" in found["user_share"].message


def test_what_was_seen_is_counted(gates):
    gate = gates(lists=[[0, 1], [0, 1]])["seen"]
    assert (gate.has_passed, gate.value) == (False, 2)


def test_the_exclusions_of_one_user_are_not_those_of_another(gates):
    assert gates(lists=[[2, 3], [0, 1]], excluded=[[0, 1], [2, 3]])["seen"].has_passed


def test_what_may_not_be_offered_is_counted(gates):
    gate = gates(offered=(1, 1, 0, 1))["unavailable"]
    assert (gate.has_passed, gate.value) == (False, 1)


def test_an_item_that_stands_twice_is_counted(gates):
    gate = gates(lists=[[2, 2], [0, 1]])["repeats"]
    assert (gate.has_passed, gate.value) == (False, 1)


def test_coverage_is_held_against_that_of_the_live_release(gates):
    bounds = GateBounds(least_coverage_ratio=0.8)
    narrow = {"lists": [[2, 3], [2, 3]], "excluded": [[0, 1], []]}
    gate = gates(live={}, bounds=bounds, **narrow)["coverage"]
    assert (gate.has_passed, gate.value, gate.bound) == (False, 0.5, 0.8)
    assert gate.shortfall == pytest.approx(0.3)


def test_an_old_log_is_refused_by_the_hours_above(gates):
    gate = gates(age_hours=170.0)["freshness"]
    assert (gate.has_passed, gate.bound, gate.shortfall) == (False, 168.0, 2.0)


def test_the_bound_itself_passes(build):
    bundle = Bundle.open(build("edge", age_hours=168.0))
    found = {gate.name: gate for gate in judge(bundle, None, GateBounds())}
    assert found["freshness"].has_passed


def test_lists_clearly_worse_than_those_of_sql_are_refused(gates):
    gate = gates(values=(0.1, 0.2), baseline=(0.2, 0.3))["sql_baseline"]
    # Both users lose 0.1, so the interval has no width.
    assert not gate.has_passed
    assert gate.value == pytest.approx(-0.1)
    assert gate.shortfall == pytest.approx(0.1)
    assert "the lists of SQL alone (covisitation), over 2 users" in gate.message


def test_a_loss_within_the_interval_passes(gates):
    gate = gates(values=(0.1, 0.5), baseline=(0.3, 0.4))["sql_baseline"]
    assert gate.has_passed
    assert gate.value > 0


def test_the_live_release_is_compared_user_by_user(gates):
    gate = gates(values=(0.2, 0.6), baseline=(0.1, 0.1), live={"values": (0.3, 0.7)})
    assert gate["live_release"].value == pytest.approx(-0.1)
    assert not gate["live_release"].has_passed
    assert "the live release (old)" in gate["live_release"].message


def test_another_period_is_compared_by_the_means(gates):
    live = {"values": (0.1, 0.3), "measured_at": "2026-01-01"}
    gate = gates(live=live)["live_release"]
    assert "of another period" in gate.message
    assert gate.value > 0.2


def test_without_measures_nothing_is_compared(gates):
    found = gates(values=(), baseline=(), live={})
    assert found["sql_baseline"].has_passed
    assert found["live_release"].value is None


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"least_user_share": 1.1}, r"least_user_share must be in \[0, 1\], got 1.1"),
        ({"most_age_hours": 0.0}, "most_age_hours must be > 0, got 0.0"),
    ],
)
def test_bounds_that_cannot_be_are_refused(choices, message):
    with pytest.raises(ValueError, match=message):
        GateBounds(**choices)
