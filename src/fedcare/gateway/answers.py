"""The one shape of every error, for programs and for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from fedcare import errors as catalogue
from fedcare.errors import FedCareError


class ErrorBody(BaseModel):
    """``code`` is stable, ``message`` says what to do, ``details`` are for programs."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorAnswer(BaseModel):
    """What every answer that is not a success holds."""

    error: ErrorBody


# Any route may answer these: the guard, the limits and the database stand before all of them.
EVERYWHERE: tuple[type[FedCareError], ...] = (
    catalogue.BadRequest,
    catalogue.Unauthenticated,
    catalogue.Forbidden,
    catalogue.BadCsrfToken,
    catalogue.NotFound,
    catalogue.UnknownAddress,
    catalogue.MethodNotAllowed,
    catalogue.TooLarge,
    catalogue.UnsupportedMedia,
    catalogue.InvalidRequest,
    catalogue.InternalError,
    catalogue.DatabaseUnavailable,
)


def answers(*errors: type[FedCareError]) -> dict[int | str, dict[str, Any]]:
    """What a route's ``responses`` document: its own errors and those that every route has, with an example each."""
    documented: dict[int | str, dict[str, Any]] = {}
    for error in dict.fromkeys((*errors, *EVERYWHERE)):
        entry = documented.setdefault(error.status, _empty(error.status))
        entry["description"] = f"{entry['description']}; `{error.code}`".removeprefix("; ")
        example = {"error": {"code": error.code, "message": error.text, "details": {}}}
        entry["content"]["application/json"]["examples"][error.code] = {"value": example}
    return documented


def _empty(status: int) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}, "examples": {}}
    entry: dict[str, Any] = {"description": "", "content": {"application/json": content}}
    # FastAPI makes a validator for each model of each status; once is enough to have it among the components.
    return entry | {"model": ErrorAnswer} if status == catalogue.InternalError.status else entry
