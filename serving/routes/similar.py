"""`GET /v1/similar/{item_id}`."""

import secrets
import time
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from serving.application import Application
from serving.contracts import Id, Similar
from serving.problems import described
from serving.routes.admitted import admitted
from serving.routes.checked import CheckedRoute
from serving.routes.recommendations import (
    DEFAULT_LENGTH,
    JSON,
    generated_at,
    shelved_or_problem,
)

if TYPE_CHECKING:
    from serving.bundle import Bundle


def router(parts: Application) -> APIRouter:
    """Build the route of similar items."""
    routes = APIRouter(route_class=admitted(parts, "read", CheckedRoute))
    most = parts.settings.limits.items_per_answer

    class SimilarQuery(BaseModel):
        n: int = Field(default=DEFAULT_LENGTH, ge=1, le=most, description="Items wanted.")
        offset: int = Field(default=0, ge=0, le=1000, description="Items passed over.")

    @routes.get(
        "/v1/similar/{item_id:path}",
        tags=["lists"],
        summary="Ask what goes with an item",
        responses=described(401, 403, 422, 429, 503),
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
        popular.
        """
        start = time.perf_counter()
        bundle = shelved_or_problem(parts).live
        rows = _neighbours(bundle, item_id) if bundle else []
        fallback = "neighbours" if rows else "none"
        if bundle and not rows:
            rows = _popular(bundle, item_id)
            fallback = "popular" if rows else "none"
        items = [
            {**row, "rank": rank}
            for rank, row in enumerate(
                rows[query.offset : query.offset + query.n], start=query.offset + 1
            )
        ]
        meta = {
            "request_id": secrets.token_hex(12),
            "release": bundle.release_id if bundle else None,
            "variant": "live",
            "generated_at": generated_at(bundle),
            "fallback": fallback,
            "timings": {"total": round((time.perf_counter() - start) * 1000, 3)},
        }
        return Response(orjson.dumps({"items": items, "meta": meta}), media_type=JSON)

    return routes


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
