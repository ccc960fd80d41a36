import numpy as np
import pytest

from simulation.config import DEFECTS, NO_DIRT, SECONDS_PER_DAY, DirtRates
from simulation.dirt import NO_DEFECT, OFFSET_TIME, ZULU_TIME, deliver
from simulation.records import Events

COUNT = 200_000
END = 1_772_323_200
RATES = DirtRates()


def events_at(seconds):
    zeros = np.zeros(seconds.size, dtype=np.int64)
    values = np.where(np.arange(seconds.size) % 2 == 0, 1.0, np.nan)
    return Events(zeros, zeros, zeros, seconds, values, zeros, zeros, zeros, zeros, zeros)


@pytest.fixture(scope="module")
def events():
    return events_at(END - np.arange(COUNT, 0, -1))


@pytest.fixture(scope="module")
def delivered(events):
    return deliver(events, RATES, END, np.random.default_rng(1))


def assert_share(found, rate, count=COUNT):
    assert found == pytest.approx(rate * count, abs=5 * np.sqrt(rate * (1 - rate) * count))


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_as_frequent_as_its_rate(delivered, name):
    rate, count = getattr(RATES, name), COUNT
    if name == "impossible_value":
        # Every second event has a value.
        count = COUNT // 2
    assert_share(np.count_nonzero(delivered.defects == DEFECTS.index(name)), rate, count)


def test_formats_are_as_frequent_as_their_rates(delivered):
    first = delivered.deliveries == 1
    assert_share(np.count_nonzero(delivered.spellings[first] > 0), RATES.odd_spelling)
    assert_share(np.count_nonzero(delivered.zones[first] == ZULU_TIME), RATES.zulu_time)
    assert_share(np.count_nonzero(delivered.zones[first] >= OFFSET_TIME), RATES.offset_time)
    assert set(delivered.spellings.tolist()) == {0, 1, 2, 3}
    assert set(delivered.zones.tolist()) == {0, 1, 2, 3, 4}


def test_only_values_that_are_there_become_impossible(events, delivered):
    broken = delivered.rows[delivered.defects == DEFECTS.index("impossible_value")]
    assert not np.isnan(events.values[broken]).any()


def test_every_event_is_delivered_once_and_the_repeated_ones_twice(delivered):
    copies = np.bincount(delivered.rows, minlength=COUNT)
    assert copies.min() == 1
    assert copies.max() == 2
    second = delivered.deliveries == 2
    assert (copies == 2).sum() == second.sum()
    np.testing.assert_array_equal(second, delivered.defects == DEFECTS.index("repeated"))


def test_a_repetition_differs_in_the_moment_of_loading_only(delivered):
    twice = np.isin(delivered.rows, delivered.rows[delivered.deliveries == 2])
    order = np.lexsort((delivered.deliveries[twice], delivered.rows[twice]))
    for name in ("rows", "spellings", "zones", "occurred_seconds"):
        column = getattr(delivered, name)[twice][order]
        np.testing.assert_array_equal(column[::2], column[1::2])
    loaded = delivered.loaded_seconds[twice][order]
    assert (loaded[1::2] - loaded[::2]).min() >= 60
    assert (delivered.defects[twice][order][::2] == NO_DEFECT).all()


def test_rows_arrive_by_moment_of_loading(delivered):
    assert (np.diff(delivered.loaded_seconds) >= 0).all()


def test_clean_rows_arrive_within_five_minutes_and_late_ones_after_days(events, delivered):
    waited = delivered.loaded_seconds - events.seconds[delivered.rows]
    late = delivered.defects == DEFECTS.index("late")
    clean = delivered.deliveries == 1
    assert (waited[clean & ~late] >= 1).all()
    assert (waited[clean & ~late] <= 300).all()
    assert (waited[late] > SECONDS_PER_DAY).all()
    assert (waited[late] < 6 * SECONDS_PER_DAY + 300).all()


def test_future_rows_lie_after_the_end_and_the_others_where_they_were(events, delivered):
    future = delivered.defects == DEFECTS.index("future_time")
    assert (delivered.occurred_seconds[future] >= END + SECONDS_PER_DAY).all()
    true = events.seconds[delivered.rows[~future]]
    np.testing.assert_array_equal(delivered.occurred_seconds[~future], true)


def test_without_dirt_every_row_is_plain(events):
    delivered = deliver(events, NO_DIRT, END, np.random.default_rng(1))
    assert delivered.rows.size == COUNT
    assert (delivered.defects == NO_DEFECT).all()
    assert not delivered.spellings.any()
    assert not delivered.zones.any()


def test_no_events_are_no_deliveries():
    empty = events_at(np.zeros(0, dtype=np.int64))
    assert deliver(empty, RATES, END, np.random.default_rng(1)).rows.size == 0
