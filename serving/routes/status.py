"""`/healthz`, `/readyz` and `/metrics`: for those who watch the application."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from serving.application import Application
from serving.contracts import Status
from serving.keys import authorise
from serving.problems import described


def router(parts: Application) -> APIRouter:
    """Build the routes for those who watch."""
    routes = APIRouter(tags=["status"])

    @routes.get("/healthz", summary="Whether the process lives")
    async def healthz() -> Status:
        """Answer, which is all: a process that does not should be started again."""
        return Status(status="ok")

    @routes.get(
        "/readyz",
        summary="Whether lists can be asked for",
        responses={503: {"model": Status, "description": "No: send requests elsewhere."}},
        response_model=Status,
    )
    async def readyz() -> Response:
        """Tell whether the release is loaded, and what is missing if something is.

        Without a release or an online store lists are still answered, as far as they can be.
        """
        status = parts.status()
        code = 503 if status.status in ("starting", "failed") else 200
        return JSONResponse(status.model_dump(), code)

    @routes.get(
        "/metrics",
        summary="Metrics for Prometheus",
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **described(401, 403),
        },
        response_class=Response,
    )
    async def metrics(request: Request) -> Response:
        """Show counters and times of all processes; needs the scope `admin` where keys are set."""
        authorise(request, parts.settings.keys, "admin")
        parts.watch()
        return Response(parts.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return routes
