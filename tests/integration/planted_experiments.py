"""A log of 20,000 users whose lifts, accidents and arms are planted in Python."""

import datetime as dt
import random
from dataclasses import replace

import pandas as pd

from serving.assignment import Arm, Experiment, assigned_arm, is_held_out

USERS = 20_000
START = dt.datetime(2026, 1, 1)
RUN_DAYS = 20
# Kept apart from all experiments, by dbt's variables.
HELD_OUT = {"holdout_share": 0.05, "holdout_salt": "apart"}
PLANNED = {
    "lifted": Experiment(
        "lifted",
        "ranking",
        "salt-1",
        (Arm("old", 0.5, "popular"), Arm("new", 0.5, "live")),
        0,
        0.6,
        0.05,
        "apart",
    ),
    "neighbour": Experiment(
        "neighbour",
        "ranking",
        "salt-2",
        (Arm("a", 0.1, "live"), Arm("b", 0.2, "live"), Arm("c", 0.7, "live")),
        0.6,
        1,
        0.05,
        "apart",
    ),
    "other_layer": Experiment(
        "other_layer",
        "design",
        "salt-3",
        (Arm("wide", 0.25, "live"), Arm("tight", 0.75, "live")),
        holdout=0.1,
        holdout_salt="apart",
    ),
}
MAPPED = "from_a_tool"
# The line of the seed was edited on the tenth day: half of the users had been in each arm before.
BEFORE = Experiment("changed", "shares", "salt-4", (Arm("x", 0.5, "live"), Arm("y", 0.5, "live")))
CHANGED = replace(
    BEFORE, arms=(Arm("x", 0.1, "live"), Arm("y", 0.9, "live")), holdout=0.05, holdout_salt="apart"
)
CHANGED_AT = START + dt.timedelta(days=10)


def user_ids() -> list[str]:
    """Return ids of many alphabets, no two alike and none with blanks at its ends."""
    source = random.Random(3)
    letters = "abcz019-_äß漢字🙂:'\\"
    return [
        f"u{number}" if number % 2 else "".join(source.choices(letters, k=9)) + f"-{number}"
        for number in range(USERS)
    ]


def planted_log() -> dict[str, pd.DataFrame]:
    """Show every user one list; three in ten come back on day 7, more in the better arm."""
    source = random.Random(5)
    shown, assignments = [], []
    # The log ends where its last event does.
    events = [("somebody else", START + dt.timedelta(days=45), "view", None)]
    for number, user in enumerate(user_ids()):
        at = START + dt.timedelta(seconds=source.randrange(RUN_DAYS * 86400))
        arm = assigned_arm(PLANNED["lifted"], user)
        variant = f"live lifted:{arm.name}" if arm else None
        shared = assigned_arm(BEFORE if at < CHANGED_AT else CHANGED, user)
        variant = f"{variant or 'live'} changed:{shared.name}" if shared else variant
        if is_held_out(user, 0.05, "apart"):
            variant = "live holdout"
        rate = 0.3 + 0.06 * bool(arm and arm.name == "new")
        if number < 200 and arm:
            # Shown the other arm as well, a day later.
            other = "old" if arm.name == "new" else "new"
            later = at + dt.timedelta(days=1)
            shown.append((f"second-{number}", user, "i1", later, f"live lifted:{other}", 10))
        is_new = bool(arm and arm.name == "new")
        # The better arm shows twice as many items.
        item = f"i{number % (30 if is_new else 15)}" if number >= 2300 else "i1"
        shown.append((f"r{number}", user, item, at, variant, 10 + number % 3 + 10 * is_new))
        browser = f"browser-{number // 2}" if 200 <= number < 300 else None
        if browser:
            events.append((user, at + dt.timedelta(hours=1), "view", browser))
        if source.random() < rate:
            events.append((user, at + dt.timedelta(days=7, hours=2), "view", None))
        if 300 <= number < 2300:
            assignments.append((user, at, MAPPED, "x" if number % 2 else "y"))
        if 300 <= number < 310:
            assignments.append((user, at + dt.timedelta(days=1), MAPPED, "y"))
    return _frames(shown, events, assignments)


def _frames(
    shown: list[tuple], events: list[tuple], assignments: list[tuple]
) -> dict[str, pd.DataFrame]:
    """Make tables of the rows, and of the plan of the tool that assigns."""
    return {
        "impressions": pd.DataFrame(
            shown,
            columns=["request_id", "user_id", "item_id", "shown_at", "variant", "duration_ms"],
        ).assign(rank=1, surface="home"),
        "events": pd.DataFrame(
            events, columns=["user_id", "occurred_at", "event_type", "anonymous_id"]
        ).assign(item_id="i1"),
        # Planned by the tool that assigns, in its own words and its own zone.
        "experiments": pd.DataFrame(
            {
                "experiment_id": [MAPPED],
                "layer": "tool",
                "salt": "tool",
                "variants": "x:0.5:a y:0.5:b",
                "starts_at": "2026-01-01 02:00",
                "ends_at": "2026-01-21 02:00",
                "primary_metric": "d7_return",
            }
        ),
        "assignments": pd.DataFrame(
            assignments, columns=["user_id", "timestamp", "experiment_id", "variation_id"]
        ),
    }
