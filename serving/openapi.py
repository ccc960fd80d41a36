"""The OpenAPI document, with what FastAPI cannot find out by itself."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from serving.problems import ProblemDetails

SCHEMAS = "#/components/schemas/{model}"
# Keys are read from the raw request, where FastAPI does not see them.
WAYS_TO_SEND_KEYS: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "`Authorization: Bearer KEY`, where API keys are set.",
    },
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, where the other header is taken.",
    },
}
WITH_REQUEST_ID: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "x-request-id": {
                "description": "That of `meta`; name it in questions about the answer.",
                "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
            }
        }
    }
}


def install(app: FastAPI, *, has_keys: bool) -> None:
    """Let an application show the whole document.

    Parameters
    ----------
    app : FastAPI
        With all its routes.
    has_keys : bool
        Whether only those who have a key may ask.
    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        # It is made once and kept.
        if app.openapi_schema is None:
            _complete(described(), has_keys)
        return described()

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], has_keys: bool) -> None:
    """Add what the routes refer to by name, and which of them need a key."""
    components = document.setdefault("components", {})
    _, told = models_json_schema([(ProblemDetails, "serialization")], ref_template=SCHEMAS)
    components.setdefault("schemas", {}).update(told["$defs"])
    components["securitySchemes"] = WAYS_TO_SEND_KEYS
    nobody: list[dict[str, list[str]]] = [] if has_keys else [{}]
    for operations in document["paths"].values():
        for operation in operations.values():
            # What is never refused for want of a key needs none.
            if "401" in operation["responses"]:
                operation["security"] = [*nobody, *({way: []} for way in WAYS_TO_SEND_KEYS)]
