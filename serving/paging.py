"""The part of a list that is shown, from the first release that has one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from feature_repo.recent_events import RecentEvent
from serving.answering import Course, list_for
from serving.application import Application
from serving.entries import propensities_of, rows_of
from serving.experiments import POPULAR
from serving.exploration import chance_of, explored
from serving.settings import Exploration

if TYPE_CHECKING:
    from serving.bundle import Bundle
    from serving.entries import Entry
    from serving.ladder import Listing, Wish
    from serving.shelf import Shelved
    from serving.written import Written


@dataclass(frozen=True)
class Page:
    """What one release shows.

    Attributes
    ----------
    bundle : Bundle
        The release.
    listing : Listing
        What it lists; nothing if the release cannot tell what it is.
    entries : sequence of Entry
        What is shown of it.
    written : Written
        What is said of them.
    is_explored : bool
        Whether a place that is shown went to another item by chance.
    """

    bundle: "Bundle"
    listing: "Listing"
    entries: "Sequence[Entry]"
    written: "Written"
    is_explored: bool

    def propensities(self) -> list[float]:
        """Return the propensities of the items that are shown."""
        return propensities_of(self.entries[: len(self.written.shown)])


@dataclass(frozen=True)
class PageRequest:
    """A page that is asked for, whichever release answers in the end.

    Attributes
    ----------
    wish : Wish
    span : slice
        Places of the list that are shown, the first being 0.
    events : sequence of RecentEvent
        Of the user.
    now : datetime
        With its time zone.
    course : Course
        Of the answer; what goes wrong on the way is noted in it.
    """

    wish: "Wish"
    span: slice
    events: Sequence[RecentEvent]
    now: datetime
    course: Course

    def with_policy(self, policy: str) -> "PageRequest":
        """Ask for the same by a policy."""
        if policy == self.wish.policy:
            return self
        return replace(self, wish=replace(self.wish, policy=policy))

    def without_ranking(self) -> "PageRequest":
        """Ask for the same in the published order; the items of the events stay away."""
        return replace(self, wish=replace(self.wish, unranked=tuple(self.events)), events=())

    def without_events(self) -> "PageRequest":
        """Ask for the same as if the user had done nothing lately."""
        return replace(self, events=())


async def page_for(
    parts: Application, shelved: "Shelved", bundle: "Bundle", request: PageRequest
) -> Page:
    """Return a page of the list of a user, from another release if the right one is damaged.

    Parameters
    ----------
    parts : Application
    shelved : Shelved
        The open releases.
    bundle : Bundle
        The release that should answer.
    request : PageRequest

    Returns
    -------
    Page
        Without items only if nothing that is open has any that may be shown, or if the list has
        ended before the page.
    """
    page, damaged = None, request.course.damaged
    for release, policy in _attempts(shelved, bundle, request.wish.policy):
        attempt = request.with_policy(policy)
        if release.release_id in damaged:
            # What a release could not rank with before it is not asked to rank with again.
            attempt = attempt.without_ranking()
        page = await _page(parts, release, attempt)
        if page.written.shown or release.release_id not in damaged:
            return page
    if request.events:
        # If it is the events that nothing can be made of, there is still a list without them.
        page = await _page(parts, bundle, request.without_events())
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


async def _page(parts: Application, bundle: "Bundle", request: PageRequest) -> Page:
    """Ask one release."""
    wish, now, course = request.wish, request.now, request.course
    listing = await list_for(parts, bundle, wish, request.events, now, course)
    try:
        return _shown(bundle, listing, request, parts.settings.exploration)
    # As in `list_for`: the file was damaged after it had been verified, and entries are made when
    # they are looked at.
    except Exception:
        from serving.ladder import Listing
        from serving.written import Written

        course.was_damaged(bundle)
        return Page(bundle, Listing(), (), Written(b"[]", []), is_explored=False)


def _shown(
    bundle: "Bundle", listing: "Listing", request: PageRequest, exploration: Exploration
) -> Page:
    """Give a place away by chance if lists explore, and write the page down."""
    from serving.written import written_items

    span, entries, is_explored = request.span, listing.entries, False
    if exploration.rate:
        user_id, now = request.wish.user_id, request.now
        chance = chance_of(user_id, bundle.release_id, entries, exploration, now)
        # What is drawn from is fixed before the draw, so that the propensities stay exact.
        free, over = entries[: listing.within], entries[listing.within :]
        free, has_changed = explored(free, exploration, chance)
        entries = [*free, *over]
        is_explored = has_changed and span.start < exploration.rank <= span.stop
    entries = entries[span]
    written = written_items(bundle, rows_of(bundle, entries), span.start)
    return Page(bundle, listing, entries, written, is_explored)
