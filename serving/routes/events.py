"""`POST /v1/events`."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import Field, TypeAdapter, WrapValidator
from pydantic_core import PydanticCustomError

from serving.application import LOG, Application
from serving.contracts import EVENT_EXAMPLE, Event, EventsAccepted
from serving.events import landing_row, recent_by_user
from serving.landing import LandingClosedError, LandingFullError
from serving.limits import RETRY_SECONDS
from serving.problems import Problem, described
from serving.routes.admitted import admitted
from serving.watching import count_events

EXAMPLES: dict[str, Any] = {
    "one": {"summary": "One event", "value": EVENT_EXAMPLE},
    "many": {"summary": "Many events", "value": [EVENT_EXAMPLE]},
}


def router(parts: Application) -> APIRouter:
    """Build the routes of events."""
    routes = APIRouter(route_class=admitted(parts, "write"))
    most = parts.settings.limits.events_per_request
    many = Annotated[list[Event], Field(min_length=1, max_length=most)]
    one_or_many = Annotated[Event | many, WrapValidator(_by_kind(TypeAdapter(many)))]

    @routes.post(
        "/v1/events",
        tags=["events"],
        summary="Tell what users did",
        responses=described(400, 401, 403, 413, 415, 422, 429, 503),
    )
    async def post_events(
        body: Annotated[one_or_many, Body(openapi_examples=EXAMPLES)],
    ) -> EventsAccepted:
        """Put events on disk; the next list of their users reflects them.

        Send one event, or a list of them. The answer comes when all are on disk, so that nothing
        that was accepted is lost. Sent again with the same `event_id`, an event counts once.
        """
        now = parts.moment()
        sent = body if isinstance(body, list) else [body]
        _check_types(parts, sent)
        rows = [landing_row(event, now) for event in sent]
        await _land(parts, rows)
        visible = await _show(parts, rows)
        count_events(parts, [(event.user_id, event.event_type) for event in sent])
        ids = [row["event_id"] for row in rows]
        return EventsAccepted(accepted=len(rows), event_ids=ids, visible=visible)

    return routes


def _by_kind(many: TypeAdapter[list[Event]]) -> Callable[[object, object], Event | list[Event]]:
    """Return a check by the kind of the body: a union would also say why it is not the other."""

    def check(body: object, _: object) -> Event | list[Event]:
        if isinstance(body, list):
            return many.validate_python(body)
        if isinstance(body, dict):
            return Event.model_validate(body)
        raise PydanticCustomError("no_event", "is neither an event nor a list of events")

    return check


def _check_types(parts: Application, events: list[Event]) -> None:
    """Refuse types that the log does not know: its run would set such events aside."""
    known = parts.event_types()
    for place, event in enumerate(events):
        if known and event.event_type.lower() not in known:
            detail = (
                f"event {place} has the event_type {event.event_type!r}, known are "
                f"{', '.join(sorted(known))}; add it to seeds/event_types.csv and run"
            )
            raise Problem(422, detail)


async def _land(parts: Application, rows: list[dict[str, Any]]) -> None:
    """Wait until rows are on disk."""
    try:
        await asyncio.wrap_future(parts.events.append(rows))
    except LandingFullError as error:
        raise Problem(429, f"{error}; try again", retry_after=RETRY_SECONDS) from error
    except LandingClosedError as error:
        raise Problem(503, str(error), retry_after=RETRY_SECONDS) from error
    except OSError as error:
        LOG.error("events could not be written: %s", error)
        parts.metrics.landing_failures.labels("events").inc()
        detail = "the events could not be written to disk; send them again"
        raise Problem(503, detail, retry_after=RETRY_SECONDS) from error
    parts.metrics.events.labels("http").inc(len(rows))


async def _show(parts: Application, rows: list[dict[str, Any]]) -> bool:
    """Put landed rows where the next list finds them; they are safe whether or not that works."""
    loop = asyncio.get_running_loop()
    try:
        adding = loop.run_in_executor(parts.store_threads, parts.recent.add, recent_by_user(rows))
        await asyncio.wait_for(adding, 2 * parts.settings.store_seconds)
    except OSError as error:
        LOG.warning("the online store did not take %s events: %s", len(rows), error)
    # Whatever it was: who is told of a failure would send again what is on disk.
    except Exception:
        LOG.exception("the online store did not take %s events", len(rows))
    else:
        return True
    parts.metrics.degraded.labels("store_write").inc()
    return False
