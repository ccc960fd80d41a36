"""The application: `create_app(settings)` is all that a server needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from fastapi.routing import APIRoute

from serving import openapi, problems
from serving.application import Application
from serving.limits import AdmissionMiddleware
from serving.routes import events, recommendations, similar, status
from serving.routes.direct import DirectWay
from serving.settings import ServingSettings

DESCRIPTION = """
Lists of recommended items, which follow what a user does within the second.

Send what users do to `POST /v1/events`; ask for a list at `GET /v1/recommendations/{user_id}`.
Errors are problem details as of RFC 9457. Where API keys are set, send one as
`Authorization: Bearer KEY` or `X-API-Key: KEY`.
"""


def create_app(
    settings: ServingSettings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    settings : ServingSettings
        Nothing else is read, from the environment or elsewhere.
    now : callable
        The clock, with its time zone.

    Returns
    -------
    FastAPI
        It opens its files when the server starts it, and closes them at its end.
    """
    parts = Application(settings, now)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts.open()
        try:
            yield
        finally:
            parts.close()

    app = FastAPI(
        title="topshelf",
        summary="Recommendations from your own warehouse.",
        description=DESCRIPTION,
        version=_version(),
        lifespan=lifespan,
        # Nothing is exported unless somebody sets up an exporter; without it there is less to do.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.parts = parts
    problems.install(app)
    lists = [recommendations.router(parts), similar.router(parts)]
    for routes in (events.router(parts), *lists, status.router(parts)):
        app.include_router(routes)
    direct = [route for routes in lists for route in routes.routes if isinstance(route, APIRoute)]
    app.router.middleware_stack = DirectWay(app.router.middleware_stack, direct)
    openapi.install(app, has_keys=bool(settings.keys))
    app.add_middleware(AdmissionMiddleware, limits=settings.limits, metrics=parts.metrics)
    return app


def _version() -> str:
    try:
        return version("topshelf")
    except PackageNotFoundError:
        return "0"
