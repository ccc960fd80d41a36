"""The part of a list that is shown, from the first release that has one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from feature_repo.recent_events import RecentEvent
from serving.answering import Course, described_items, list_for
from serving.application import Application
from serving.experiments import POPULAR
from serving.exploration import chance_of, explored

if TYPE_CHECKING:
    from serving.bundle import Bundle
    from serving.entries import Entry
    from serving.ladder import Listing, Wish
    from serving.shelf import Shelved


@dataclass(frozen=True)
class Page:
    """What one release shows.

    Attributes
    ----------
    bundle : Bundle
        The release.
    listing : Listing
        What it lists.
    entries : list of Entry
        What is shown of it.
    items : list of dict
        Their descriptions, as `contracts.Item`; none if the release cannot tell what they are.
    is_explored : bool
        Whether a place that is shown went to another item by chance.
    """

    bundle: "Bundle"
    listing: "Listing"
    entries: "list[Entry]"
    items: list[dict[str, Any]]
    is_explored: bool


async def page_for(
    parts: Application,
    shelved: "Shelved",
    bundle: "Bundle",
    wish: "Wish",
    span: slice,
    events: Sequence[RecentEvent],
    now: datetime,
    course: Course,
) -> Page:
    """Return a page of the list of a user, from another release if the right one is damaged.

    Parameters
    ----------
    parts : Application
    shelved : Shelved
        The open releases.
    bundle : Bundle
        The release that should answer.
    wish : Wish
    span : slice
        Places of the list that are shown, the first being 0.
    events : sequence of RecentEvent
        Of the user.
    now : datetime
        With its time zone.
    course : Course

    Returns
    -------
    Page
        Without items only if nothing that is open has any that may be shown, or if the list has
        ended before the page.
    """
    page = None
    for release, policy in _attempts(shelved, bundle, wish.policy):
        attempt = wish if policy == wish.policy else replace(wish, policy=policy)
        ranked = events
        if release.release_id in course.damaged:
            # What a release could not rank with before it is not asked to rank with again.
            attempt, ranked = replace(attempt, unranked=tuple(events)), ()
        page = await _page(parts, release, attempt, span, ranked, now, course)
        if page.items or release.release_id not in course.damaged:
            return page
    if page is None:
        raise ValueError("there must be at least one release to ask")
    return page


def _attempts(shelved: "Shelved", bundle: "Bundle", policy: str) -> "Iterator[tuple[Bundle, str]]":
    """Yield releases and policies, best first; each is asked once all before it have failed."""
    is_trial = bundle is not shelved.live
    yield bundle, policy
    # What is popular in a release on trial is worth less than a list of the live one.
    if not is_trial:
        yield bundle, POPULAR
    for other in shelved.beside(bundle):
        yield other, policy
        yield other, POPULAR
    if is_trial:
        yield bundle, POPULAR


async def _page(
    parts: Application,
    bundle: "Bundle",
    wish: "Wish",
    span: slice,
    events: Sequence[RecentEvent],
    now: datetime,
    course: Course,
) -> Page:
    """Ask one release."""
    exploration = parts.settings.exploration
    listing = await list_for(parts, bundle, wish, events, now, course)
    entries, is_explored = listing.entries, False
    if exploration.rate:
        chance = chance_of(wish.user_id, bundle.release_id, entries, exploration, now)
        # What is drawn from is fixed before the draw, so that the propensities stay exact.
        free, over = entries[: listing.within], entries[listing.within :]
        free, has_changed = explored(free, exploration, chance)
        entries = [*free, *over]
        is_explored = has_changed and span.start < exploration.rank <= span.stop
    entries = entries[span]
    items = described_items(bundle, entries, span.start, course)
    return Page(bundle, listing, entries, items, is_explored)
