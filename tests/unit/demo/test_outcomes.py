"""Who is counted as having returned, by hand."""

import numpy as np

from demo.outcomes import NEVER, Outcomes
from simulation.day import DayLog
from simulation.records import Events, Impressions

DAY = 86_400
FIRST = 1_000_000


def day_log(shown: list[tuple[int, int]], done: list[tuple[int, int]]) -> DayLog:
    """Make a log of (user, second) pairs: of lists, and of events."""
    lists, events = (np.array(rows, dtype=np.int64).reshape(-1, 2) for rows in (shown, done))
    many, none = len(events), np.zeros(len(events), dtype=np.int64)
    return DayLog(
        day=0,
        first_event=0,
        events=Events(
            events[:, 0], none, none, events[:, 1], none * 1.0, np.arange(many), *([none] * 4)
        ),
        impressions=Impressions(
            np.arange(len(lists)), lists[:, 0], *([lists[:, 0]] * 3), lists[:, 1],
            np.ones(len(lists)), np.ones(len(lists)), "x",
        ),
    )  # fmt: skip


def test_a_return_counts_from_seven_days_after_the_first_list_until_eight():
    outcomes = Outcomes(5)
    # User 4 sees nothing. The others see a list at the same moment, user 0 a second one later.
    outcomes.add(day_log([(0, FIRST + 50), (0, FIRST), *((user, FIRST) for user in (1, 2, 3))], []))
    outcomes.add(
        day_log(
            [],
            [
                (0, FIRST + 7 * DAY),
                (1, FIRST + 7 * DAY - 1),
                (2, FIRST + 8 * DAY - 1),
                (3, FIRST + 8 * DAY),
                (4, FIRST + 7 * DAY),
            ],
        )
    )
    assert outcomes.returned.tolist() == [True, False, True, False, False]
    assert outcomes.exposed_seconds.tolist() == [FIRST, FIRST, FIRST, FIRST, NEVER]


def test_a_later_list_does_not_move_the_first_one():
    outcomes = Outcomes(1)
    outcomes.add(day_log([(0, FIRST)], []))
    outcomes.add(day_log([(0, FIRST + 3 * DAY)], []))
    outcomes.add(day_log([], [(0, FIRST + 10 * DAY)]))
    assert outcomes.exposed_seconds.tolist() == [FIRST]
    assert not outcomes.returned.any()


def test_only_users_whose_seventh_day_has_passed_and_arrived_are_mature():
    outcomes = Outcomes(3)
    outcomes.add(day_log([(0, FIRST), (1, FIRST + 1)], []))
    assert outcomes.mature(FIRST + 9 * DAY).tolist() == [True, False, False]
