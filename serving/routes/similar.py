"""`GET /v1/similar/{item_id}`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from serving.answering import Course
from serving.application import Application
from serving.contracts import Id, Similar, Word
from serving.impressions import impression_lines, log_impressions
from serving.openapi import WITH_REQUEST_ID
from serving.pointers import LIVE
from serving.problems import described
from serving.routes.admitted import admitted
from serving.routes.checked import CheckedRoute
from serving.routes.recommendations import (
    DEFAULT_LENGTH,
    answered,
    generated_at,
    new_request_id,
    shelved_or_problem,
)

if TYPE_CHECKING:
    from serving.bundle import Bundle
    from serving.shelf import Shelved


def router(parts: Application) -> APIRouter:
    """Build the route of similar items."""
    routes = APIRouter(route_class=admitted(parts, "read", CheckedRoute))
    most = parts.settings.limits.items_per_answer

    class SimilarQuery(BaseModel):
        surface: Word = Field(
            default="similar", description="Where they are shown; logged.", examples=["item page"]
        )
        n: int = Field(default=DEFAULT_LENGTH, ge=1, le=most, description="Items wanted.")
        offset: int = Field(default=0, ge=0, le=1000, description="Items passed over.")

    @routes.get(
        "/v1/similar/{item_id:path}",
        tags=["lists"],
        summary="Ask what goes with an item",
        responses={**WITH_REQUEST_ID, **described(401, 403, 422, 429, 503)},
        response_model=Similar,
    )
    async def get_similar(
        item_id: Annotated[
            Id, Path(description="Any item, also an unknown one.", examples=["i0007"])
        ],
        query: Annotated[SimilarQuery, Query()],
    ) -> Response:
        """Return what people who had an item had soon before or after.

        For an item that nobody has been seen with, what is alike; for an unknown one, what is
        popular. Nobody is named, so the answer is that of the live release, whoever asks.
        """
        course, now = Course(), parts.moment()
        bundle, rows, fallback = _found(shelved_or_problem(parts), item_id, course)
        page = rows[query.offset : query.offset + query.n]
        items = [{**row, "rank": rank} for rank, row in enumerate(page, start=query.offset + 1)]
        for reason in course.degraded:
            parts.metrics.degraded.labels(reason).inc()
        request_id = new_request_id()
        meta = {
            "request_id": request_id,
            "release": bundle.release_id if bundle else None,
            "variant": LIVE,
            "generated_at": generated_at(bundle),
            "fallback": fallback,
            "degraded": course.degraded,
            "timings": course.finished(),
        }
        _log(parts, item_id, query.surface, meta, course, items, now)
        return answered({"items": items, "meta": meta}, request_id)

    return routes


def _found(
    shelved: "Shelved", item_id: str, course: Course
) -> "tuple[Bundle | None, list[dict[str, Any]], str]":
    """Go down to what can be read: neighbours, what is popular, those of another release."""
    live = shelved.live
    if live is None:
        course.lacked("release")
        return None, [], "none"
    for bundle in (live, *shelved.beside(live)):
        for fallback, step in (("neighbours", _neighbours), ("popular", _popular)):
            try:
                rows = step(bundle, item_id)
            # The file was damaged after it had been verified; that of the next step may be whole.
            except Exception:
                course.was_damaged(bundle)
                continue
            if rows:
                return bundle, rows, fallback
        if bundle.release_id not in course.damaged:
            break
    return live, [], "none"


def _log(
    parts: Application,
    item_id: str,
    surface: str,
    meta: dict[str, Any],
    course: Course,
    items: list[dict[str, Any]],
    now: datetime,
) -> None:
    """Hand what is shown to the log of impressions: of an item, where a list has a user.

    The tables take the lines of users alone, so experiments, off-policy values and labels do not
    meet what was shown beside an item to nobody knows whom.
    """
    request = {
        "request_id": meta["request_id"],
        "similar_to_item_id": item_id,
        "surface": surface,
        "release_id": meta["release"],
        "variant": meta["variant"],
        "fallback": meta["fallback"],
        "is_degraded": bool(course.degraded),
        "duration_ms": meta["timings"]["total"],
    }
    told = ({name: item[name] for name in ("item_id", "rank", "source")} for item in items)
    shown = [orjson.dumps(item)[1:-1] for item in told]
    lines = impression_lines(request, shown, [1.0] * len(shown), now)
    log_impressions(parts.impressions, parts.metrics, lines, len(shown))


def _neighbours(bundle: "Bundle", item_id: str) -> list[dict[str, Any]]:
    """Rows of what goes with an item; none for an unknown one."""
    item = bundle.item_index(item_id)
    if item is None:
        return []
    rows = bundle.neighbours(item)
    columns = (rows.items, rows.scores, rows.sources, rows.supports)
    return [
        {
            "item_id": bundle.item_ids[other],
            "score": score,
            "source": bundle.sources[source],
            "support": support,
            "reason": _reason(bundle.sources[source], support),
        }
        for other, score, source, support in zip(*(c.tolist() for c in columns), strict=True)
    ]


def _popular(bundle: "Bundle", item_id: str) -> list[dict[str, Any]]:
    """Rows of what is popular, without the item itself."""
    rows = bundle.popular()
    found = []
    for other, score, count in zip(
        rows.items.tolist(), rows.scores.tolist(), rows.user_counts.tolist(), strict=True
    ):
        if bundle.item_ids[other] != item_id:
            found.append(
                {
                    "item_id": bundle.item_ids[other],
                    "score": score,
                    "source": "popular",
                    "support": max(count, 0),
                    "reason": "Popular now",
                }
            )
    return found


def _reason(source: str, support: int) -> str:
    if source == "covisitation":
        return f"{support} people had both"
    return "Much alike" if source == "content" else "Popular now"
