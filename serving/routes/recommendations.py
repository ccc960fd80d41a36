"""`GET /v1/recommendations/{user_id}`."""

import secrets
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from serving.answering import Course, recent_events
from serving.application import Application
from serving.contracts import Id, Recommendations, Word
from serving.experiments import EXPERIMENT, HOLDOUT, POLICIES, chosen_policy
from serving.impressions import impression_lines, log_impressions
from serving.limits import RETRY_SECONDS
from serving.openapi import WITH_REQUEST_ID
from serving.paging import Page, PageRequest, page_for
from serving.pointers import LIVE
from serving.problems import Problem, described
from serving.routes.admitted import admitted
from serving.routes.checked import CheckedRoute
from serving.watching import count_answer, repeat_in_shadow

if TYPE_CHECKING:
    from serving.bundle import Bundle
    from serving.shelf import Shelved

JSON = b"application/json"
MOST_EXCLUDED = 200
DEFAULT_LENGTH = 10


def router(parts: Application) -> APIRouter:
    """Build the route of recommendations."""
    routes = APIRouter(route_class=admitted(parts, "read", CheckedRoute))
    most = parts.settings.limits.items_per_answer
    # What an exploring place may be given to.
    exploration = parts.settings.exploration
    spare = exploration.rank + exploration.depth if exploration.rate else 0

    class ListQuery(BaseModel):
        surface: Word = Field(
            default="api", description="Where the list is shown; logged.", examples=["home"]
        )
        n: int = Field(default=DEFAULT_LENGTH, ge=1, le=most, description="Items wanted.")
        offset: int = Field(default=0, ge=0, le=1000, description="Items passed over.")
        category: Word | None = Field(default=None, description="Only items of it.")
        exclude: list[Id] = Field(
            default=[], max_length=MOST_EXCLUDED, description="Items not to be shown."
        )
        explain: bool = Field(default=False, description="Say what the list was made from.")

    @routes.get(
        "/v1/recommendations/{user_id:path}",
        tags=["lists"],
        summary="Ask for a list for a user",
        responses={**WITH_REQUEST_ID, **described(401, 403, 422, 429, 503)},
        response_model=Recommendations,
    )
    async def get_recommendations(
        user_id: Annotated[Id, Path(description="Anybody, also a stranger.", examples=["u00042"])],
        query: Annotated[ListQuery, Query()],
    ) -> Response:
        """Return the best items for a user now, with the reason for each.

        The list reflects what was sent to `/v1/events` before. It never fails for a user: `meta`
        says what the list was made from. Everything shown is logged as impressions.
        """
        shelved = shelved_or_problem(parts)
        # As long as a release is being loaded, this would wait for the same imports as that.
        from serving.ladder import Wish

        course, now, request_id = Course(), parts.moment(), new_request_id()
        bundle, variant, policy = _chosen(parts, shelved, user_id, now, course)
        length = query.n + query.offset + spare
        wish = Wish(user_id, length, query.category, frozenset(query.exclude), policy)
        if bundle is None:
            nothing = orjson.Fragment(b"[]")
            response = _answer(parts, request_id, None, variant, nothing, "none", course, None)
            count_answer(parts, shelved, user_id, variant, None, course)
            return response
        events = await recent_events(parts, user_id, course)
        span = slice(query.offset, query.offset + query.n)
        page = await page_for(parts, shelved, bundle, PageRequest(wish, span, events, now, course))
        bundle, listing, written = page.bundle, page.listing, page.written
        parts.metrics.explored.inc(page.is_explored)
        explanation = None
        if query.explain:
            explanation = {
                "recent_events": listing.recent_events,
                "history_items": listing.history_items,
                "candidates": listing.candidates,
                "excluded": listing.excluded,
                "degraded": course.degraded,
            }
        fallback, items = listing.fallback, orjson.Fragment(written.items)
        response = _answer(parts, request_id, bundle, variant, items, fallback, course, explanation)
        _log(parts, request_id, user_id, query.surface, variant, fallback, course, page, now)
        count_answer(parts, shelved, user_id, variant, bundle.release_id, course)
        if bundle is shelved.live:
            repeat_in_shadow(parts, shelved, request_id, wish, events, now, listing.entries)
        return response

    return routes


def _chosen(
    parts: Application, shelved: "Shelved", user_id: str, now: datetime, course: Course
) -> "tuple[Bundle | None, str, str]":
    """Return the release that answers a user, why it does, and the policy that makes the list."""
    settings = parts.settings
    arm, policy = chosen_policy(settings.experiments, user_id, now, settings.holdout)
    if policy not in POLICIES:
        # The arm was drawn whatever answers in the end, so that those who fare badly are counted.
        named, why, policy = shelved.bundles.get(policy), EXPERIMENT, LIVE
        bundle = named or shelved.live
    else:
        # A canary is a release on trial, which must not touch whom no release touches.
        bundle, why = (shelved.live, LIVE) if arm == HOLDOUT else shelved.chosen(user_id)
        named = bundle
    if named is None:
        course.lacked("release")
    return bundle, f"{why} {arm}" if arm else why, policy


def shelved_or_problem(parts: Application) -> "Shelved":
    """Return the releases that answer.

    Raises
    ------
    Problem
        503 while the first one is being loaded, or if none can be.
    """
    if parts.fault:
        raise Problem(503, "lists cannot be answered; /readyz says why")
    shelved = parts.shelved()
    if shelved is None:
        raise Problem(503, "the release is being loaded; try again", retry_after=RETRY_SECONDS)
    return shelved


def _answer(
    parts: Application,
    request_id: str,
    bundle: "Bundle | None",
    variant: str,
    items: orjson.Fragment,
    fallback: str,
    course: Course,
    explanation: dict[str, Any] | None,
) -> Response:
    """Write a list down, and count it."""
    release = bundle.release_id if bundle else None
    parts.metrics.listed(fallback, release, course.degraded)
    meta = {
        "request_id": request_id,
        "release": release,
        "variant": variant,
        "generated_at": generated_at(bundle),
        "fallback": fallback,
        "degraded": course.degraded,
        "timings": course.finished(),
        "explanation": explanation,
    }
    return answered({"items": items, "meta": meta}, request_id)


def new_request_id() -> str:
    """Return an id that no other request has."""
    return secrets.token_hex(12)


def answered(content: dict[str, Any], request_id: str) -> Response:
    """Return a response of JSON that names its request in a header too."""
    response = Response(orjson.dumps(content))
    response.raw_headers += [(b"content-type", JSON), (b"x-request-id", request_id.encode())]
    return response


def generated_at(bundle: "Bundle | None") -> str | None:
    """Return the moment that a release was made for, as text."""
    if bundle is None:
        return None
    from serving.taste import cutoff_of

    return _told(cutoff_of(bundle))


@lru_cache(maxsize=16)
def _told(moment: datetime) -> str:
    """Write a moment down, once a release."""
    return moment.isoformat().replace("+00:00", "Z")


def _log(
    parts: Application,
    request_id: str,
    user_id: str,
    surface: str,
    variant: str,
    fallback: str,
    course: Course,
    page: Page,
    now: datetime,
) -> None:
    """Hand what is shown to the log of impressions."""
    request = {
        "request_id": request_id,
        "user_id": user_id,
        "surface": surface,
        "release_id": page.bundle.release_id,
        "variant": variant,
        "fallback": fallback,
        "is_degraded": bool(course.degraded),
        "duration_ms": course.timings["total"],
    }
    shown = page.written.shown
    lines = impression_lines(request, shown, page.propensities(), now)
    log_impressions(parts.impressions, parts.metrics, lines, len(shown))
