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
        entry = documented.setdefault(error.status, _empty())
        entry["description"] = f"{entry['description']}; `{error.code}`".removeprefix("; ")
        example = {"error": {"code": error.code, "message": error.text, "details": {}}}
        entry["content"]["application/json"]["examples"][error.code] = {"value": example}
    return documented


def _empty() -> dict[str, Any]:
    return {"model": ErrorAnswer, "description": "", "content": {"application/json": {"examples": {}}}}
