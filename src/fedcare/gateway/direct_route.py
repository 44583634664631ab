"""Routes that must be quick: what their endpoints ask for is handed over directly, not by FastAPI's search for it.

For every request FastAPI goes through a tree of dependencies and, for a model of the query, through its fields one by
one, which costs more than a prediction or the SQL of a page does. To the OpenAPI document these are routes like others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from fastapi import Request, Response
from fastapi.params import Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.idempotency import CurrentTicket, sent_key, ticket_for
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import read_body, read_query

Take = Callable[[Request], Awaitable[Any]]


class DirectRoute(APIRoute):
    """A route whose endpoint takes some of: the request, caller, services, ticket, a model of the query or of the body.

    It gives a ``Response``. Dependencies of the route, the guard above all, are coroutine functions of the request and
    come first.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **declared: Any) -> None:
        super().__init__(path, endpoint, **declared)
        handle = self.get_route_handler()

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            # FastAPI's own keeps three stacks of contexts for dependencies that yield, of which there are none here.
            response = await handle(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = answer

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The dependencies in their order, then the endpoint; in a thread, if it is no coroutine function."""
        before = [each.dependency for each in self.dependencies if each.dependency is not None]
        hints = get_type_hints(self.endpoint, include_extras=True)
        takes = [(name, _take(hint)) for name, hint in hints.items() if name != "return"]
        endpoint, waits = self.endpoint, iscoroutinefunction(self.endpoint)

        async def handle(request: Request) -> Response:
            for ask in before:
                await ask(request)
            given = {name: await take(request) for name, take in takes}
            response: Response = await (endpoint(**given) if waits else run_in_threadpool(endpoint, **given))
            return response

        return handle


async def _request(request: Request) -> Request:
    return request


async def _caller(request: Request) -> Any:
    return request.state.caller


async def _services(request: Request) -> Any:
    return request.app.state.services


async def _ticket(request: Request) -> Any:
    key = sent_key(request)
    return None if key is None else ticket_for(request, key, await request.body())


_KNOWN: dict[Any, Take] = {
    Request: _request,
    CurrentCaller: _caller,
    CurrentServices: _services,
    CurrentTicket: _ticket,
}


def _take(hint: Any) -> Take:
    """How to get what a parameter is declared as."""
    if hint in _KNOWN:
        return _KNOWN[hint]
    model, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    assert issubclass(model, BaseModel), f"a direct route cannot give {hint}"
    if any(isinstance(note, Query) for note in notes):
        return lambda request: read_query(request, model)
    return lambda request: read_body(request, model)
