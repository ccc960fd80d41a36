"""What follows an answer: how a canary does, and what a shadow would have said."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from feature_repo.recent_events import RecentEvent
from serving.application import Application
from serving.experiments import EXPERIMENT, HOLDOUT
from serving.shadowing import ShadowRequest

if TYPE_CHECKING:
    from serving.answering import Course
    from serving.entries import Entry
    from serving.ladder import Wish
    from serving.shelf import Shelved

# What the release itself is to blame for, of what an answer may lack.
FAILURES = frozenset({"release", "failed"})
# Turning to something; a dislike is none.
ENGAGED = frozenset({"positive", "view"})


def count_answer(
    parts: Application,
    shelved: "Shelved",
    user_id: str,
    label: str,
    release: str | None,
    course: "Course",
) -> None:
    """Count an answer for the comparison of canary and live, as long as there is a canary.

    Users who are held out get the same whichever of the two has them, and so do those whose release
    an experiment names: they are not compared.

    Parameters
    ----------
    parts : Application
    shelved : Shelved
        That the request was answered from.
    user_id : str
    label : str
        The variant that the answer names.
    release : str, optional
        That answered; another one than that of the user's alias counts as an error.
    course : Course
        With all its times.
    """
    pointers = shelved.pointers
    if pointers.canary is None or {HOLDOUT, EXPERIMENT} & {*label.split()}:
        return
    variant = pointers.variant_of(user_id)
    parts.variants.answered(
        pointers.version,
        variant,
        user_id,
        course.timings.get("total", 0.0) / 1000,
        is_error=release != pointers.release_of(variant) or bool(FAILURES & {*course.degraded}),
    )


def repeat_in_shadow(
    parts: Application,
    shelved: "Shelved",
    request_id: str,
    wish: "Wish",
    events: Sequence[RecentEvent],
    now: datetime,
    entries: "Sequence[Entry]",
) -> None:
    """Have a request that was answered repeated by the shadow release, if there is one."""
    shadow = shelved.bundles.get(shelved.pointers.shadow or "")
    live = shelved.live
    if shadow is None or live is None:
        return
    parts.shadow.repeat(
        ShadowRequest(request_id, wish, events, now, live, shadow, entries[: wish.length])
    )


def count_events(parts: Application, events: Iterable[tuple[str, str]]) -> None:
    """Count that users turned to something, as long as there is a canary.

    Parameters
    ----------
    parts : Application
    events : iterable of (str, str)
        User and type of each event.
    """
    shelved = parts.shelved()
    if shelved is None or shelved.pointers.canary is None or shelved.live is None:
        return
    types = shelved.live.event_types
    for user_id, event_type in events:
        known = types.get(event_type.lower())
        if known is not None and known.role in ENGAGED:
            parts.variants.engaged(user_id)
