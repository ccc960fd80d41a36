"""Routes that know who asks before they look at what is asked."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from serving.application import Application
from serving.keys import authorise


def admitted(
    parts: Application, scope: str, route_class: type[APIRoute] = APIRoute
) -> type[APIRoute]:
    """Return a kind of route that first looks at the key and at the rate of the caller.

    FastAPI reads and checks a request before its function runs, and its dependencies too: whoever
    has no key would have bodies parsed, and would be told what is wrong with them.

    Parameters
    ----------
    parts : Application
        Has the keys and the limiter.
    scope : str
        That the key needs.
    route_class : type of APIRoute
        Answers those who may ask.
    """

    class AdmittedRoute(route_class):  # type: ignore[misc, valid-type]
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """Return what answers a request."""
            answer = super().get_route_handler()

            async def answer_admitted(request: Request) -> Response:
                parts.limiter.admit(authorise(request, parts.settings.keys, scope))
                response: Response = await answer(request)
                return response

            return answer_admitted

    return AdmittedRoute
