"""The OpenAPI document, with what FastAPI cannot find out by itself."""

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from serving.problems import ProblemDetails

SCHEMAS = "#/components/schemas/{model}"


def install(app: FastAPI) -> None:
    """Let an application show the whole document.

    Parameters
    ----------
    app : FastAPI
        With all its routes.
    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        # It is made once and kept.
        if app.openapi_schema is None:
            _complete(described())
        return described()

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any]) -> None:
    """Add what the routes refer to by name."""
    components = document.setdefault("components", {})
    _, told = models_json_schema([(ProblemDetails, "serialization")], ref_template=SCHEMAS)
    components.setdefault("schemas", {}).update(told["$defs"])
