"""What stands before every route: a session, and a role that the table of permissions names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool as _in_thread

from fedcare.errors import Forbidden
from fedcare.gateway.caller import Caller
from fedcare.gateway.permissions import PERMISSIONS, PUBLIC
from fedcare.gateway.services import Services
from fedcare.gateway.strict_query import query_of


async def guard(request: Request) -> Caller | None:
    """The caller of this route; None where the route is public. The address's parameters stand in the request's state.

    Raises Unauthenticated, BadCsrfToken, or Forbidden for a role that the table does not name: a route that it does
    not know is nobody's. Raises BadRequest or InvalidRequest for parameters that could be read in two ways.
    """
    operation = request.scope["route"].operation_id
    caller = None if operation in PUBLIC else await _permitted(request, operation)
    request.state.query = query_of(request)
    return caller


async def _permitted(request: Request, operation: str) -> Caller:
    services: Services = request.app.state.services
    authenticator = services.authenticator
    # It answers from memory, unless news of ended sessions cannot arrive: then it asks the database, in a thread.
    caller = authenticator.caller(request) if authenticator.quick else await _in_thread(authenticator.caller, request)
    if caller.role not in PERMISSIONS.get(operation, frozenset()):
        raise Forbidden()
    return caller


async def _caller(caller: Annotated[Caller | None, Depends(guard)]) -> Caller:
    assert caller is not None, "a public route has no caller"
    return caller


CurrentCaller = Annotated[Caller, Depends(_caller)]
