"""Errors as problem details (RFC 9457)."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one part of a request."""

    where: str = Field(description="The part, such as `query.n` or `body.0.item_id`.")
    rule: str = Field(description="What it must be.")


class ProblemDetails(BaseModel):
    """Why a request was not answered, in the form of RFC 9457."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Too Many Requests",
                "status": 429,
                "detail": "the key 'shop' may ask 100 times a second; try again in 1 s",
                "instance": "/v1/recommendations/u42",
            }
        }
    )

    type: str = Field(
        default="about:blank", description="The status says what kind of problem it is."
    )
    title: str = Field(description="The words of the status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="The value, the rule, and what to do.")
    instance: str = Field(description="The path of the request.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="One per part that is wrong."
    )


class Problem(HTTPException):
    """An error that a route raises.

    Parameters
    ----------
    status : int
        HTTP status, from 400 to 599.
    detail : str
        The value, the rule, and what to do.
    retry_after : float, optional
        Seconds after which it is worth trying again.
    headers : mapping, optional
        Further headers.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        more = dict(headers or {})
        if retry_after is not None:
            more["Retry-After"] = str(max(1, math.ceil(retry_after)))
        super().__init__(status, detail, more)


def problem_response(
    path: str,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    **members: object,
) -> JSONResponse:
    """Write a problem as a response; `members` are further ones of its object."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path,
        **members,
    }
    return JSONResponse(content, status, dict(headers or {}), MEDIA_TYPE)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problems of a route for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    descriptions: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        described: dict[str, Any] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            described["headers"] = {
                "Retry-After": {
                    "description": "Seconds after which to try again.",
                    "schema": {"type": "integer", "minimum": 1},
                }
            }
        descriptions[status] = described
    return descriptions


def install(app: FastAPI) -> None:
    """Let every error of an application become a problem."""
    app.add_exception_handler(HTTPException, _from_http)
    app.add_exception_handler(RequestValidationError, _from_validation)
    app.add_exception_handler(Exception, _from_bug)


def _from_http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise TypeError(type(error))
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"there is nothing at {request.url.path}; /docs lists what there is"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        detail = f"{request.method} is not allowed here, {allowed} is"
    return problem_response(request.url.path, error.status_code, detail, error.headers)


def _field_problem(fault: dict[str, Any]) -> FieldProblem:
    """Say which rule an input breaks, and the beginning of the input unless it is a whole body."""
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return FieldProblem(where=where, rule="is required")
    if fault["type"] == "json_invalid":
        # The place of the fault is no part of the request; events are all that comes in a body.
        broken = f"is no JSON ({fault['ctx']['error']}, at character {fault['loc'][-1]})"
        return FieldProblem(where="body", rule=f"{broken}: send one event or a list of events")
    given = fault.get("input")
    got = f", got {given!r:.80}" if isinstance(given, str | int | float | bool) else ""
    return FieldProblem(where=where, rule=f"{fault['msg']}{got}")


def _sentence(wrong: FieldProblem) -> str:
    # Rules of our own go on after the name of the part, those of pydantic are sentences.
    return f"{wrong.where}{' ' if wrong.rule.startswith('is ') else ': '}{wrong.rule}"


def _from_validation(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise TypeError(type(error))
    faults = error.errors()
    wrong = [_field_problem(fault) for fault in faults]
    broken = any(fault["type"] == "json_invalid" for fault in faults)
    status = 400 if broken else 422
    detail = "; ".join(_sentence(one) for one in wrong[:3])
    return problem_response(request.url.path, status, detail, errors=jsonable_encoder(wrong))


def _from_bug(request: Request, _: Exception) -> JSONResponse:
    detail = "the application failed; its log has the reason"
    return problem_response(request.url.path, HTTPStatus.INTERNAL_SERVER_ERROR, detail)
