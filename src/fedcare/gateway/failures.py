"""Every expected failure becomes the one shape of error; the unexpected ones are ``middleware.Gate``'s."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from fedcare import errors
from fedcare.db import audit
from fedcare.errors import BadCsrfToken, FedCareError, Forbidden, InvalidRequest
from fedcare.gateway.actions import ACTIONS
from fedcare.gateway.problems import in_words

RETRY_SECONDS = "2"
# Of an address that there is not.
LONGEST_SHOWN = 200


def handle_failures(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(FedCareError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def answer(error: FedCareError) -> JSONResponse:
    """The error as a response."""
    headers = {}
    if error.status in {429, 503}:
        headers["Retry-After"] = str(error.details.get("seconds", RETRY_SECONDS))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(error.to_json(), error.status, headers)


async def _expected(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FedCareError)
    if isinstance(error, Forbidden | BadCsrfToken):
        await run_in_threadpool(_record_refusal, request)
    return answer(error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # The first part of a place says where it stood: in the body, the query, the address or a header.
    return answer(InvalidRequest(in_words(error.errors(), skip=1)))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    known: dict[int, FedCareError] = {
        404: errors.UnknownAddress(address=request.scope["path"][:LONGEST_SHOWN]),
        405: errors.MethodNotAllowed(),
    }
    response = answer(known.get(error.status_code) or errors.BadRequest(reason="it cannot be read"))
    if error.status_code == 405:
        response.headers["Allow"] = _methods(request)
    return response


def _methods(request: Request) -> str:
    """Every method of the address; a route knows its own alone."""
    route = request.scope.get("route")
    address = "/api" + getattr(route, "path_format", "").removeprefix("/api")
    methods = request.app.openapi()["paths"].get(address) or getattr(route, "methods", ())
    return ", ".join(sorted(method.upper() for method in methods))


def _record_refusal(request: Request) -> None:
    caller = getattr(request.state, "caller", None)
    if caller is None:
        return
    action = ACTIONS[request.scope["route"].operation_id]
    subject_id = action.subject_id(request)
    with request.app.state.services.database.transaction(caller.scope) as tx:
        audit.record(tx, caller.origin, action.name, action.subject_type, subject_id, "refused")
