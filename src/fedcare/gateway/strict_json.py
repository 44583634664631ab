"""Bodies as JSON, read more strictly than Python does: no NaN, no name twice, no depth that exhausts the stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from fastapi import Request, Response
from fastapi.params import Body, Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header

from fedcare.errors import BadRequest, InvalidRequest, UnsupportedMedia
from fedcare.gateway.problems import problems_of

M = TypeVar("M", bound=BaseModel)


class StrictRoute(APIRoute):
    """A route that refuses a body of another type than it takes (415), and JSON that could be read in two ways (400).

    For a domain's router: ``APIRouter(tags=[...], route_class=StrictRoute)``.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, with the body read before it."""
        handle = super().get_route_handler()
        if self.body_field is None or not _is_json(self.body_field.field_info):
            return handle

        async def read_and_handle(request: Request) -> Response:
            strict = _StrictRequest(request.scope, request.receive)
            if await strict.body():
                _check_type(strict)
                await strict.json()
            return await handle(strict)

        return read_and_handle


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body's value, parsed once."""
        if not hasattr(self, "_strict"):
            self._strict = parse(await self.body())
        return self._strict


def parse(body: bytes) -> Any:
    """The value of a JSON text; raises BadRequest where it is not UTF-8, not JSON, ambiguous or too deep."""
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except _Refused as error:
        reason = str(error)
    except RecursionError:
        reason = "its JSON is nested too deeply"
    except ValueError:  # What json says may quote the text.
        reason = "its body is not JSON in UTF-8"
    raise BadRequest(reason=reason)


class _Refused(Exception):
    """JSON that others would read otherwise."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("a name stands twice in one JSON object")
    return value


def _no_number(constant: str) -> NoReturn:
    raise _Refused(f"{constant} is not a number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)


async def read_body(request: Request, model: type[M], read: Callable[[bytes], Any] = parse) -> M:
    """The body as a model, for a route that must be quicker than FastAPI's own reading of it.

    ``read`` is ``parse``, or does as it does. Raises UnsupportedMedia, BadRequest, and InvalidRequest, which names
    every field that is wrong.
    """
    body = await request.body()
    if body:
        _check_type(request)
    try:
        return model.model_validate(read(body) if body else None)
    except ValidationError as error:
        raise InvalidRequest(problems_of(error)) from error


async def read_query(request: Request, model: type[M]) -> M:
    """The address's parameters as a model, likewise; the guard has read them."""
    try:
        return model.model_validate(request.state.query)
    except ValidationError as error:
        raise InvalidRequest(problems_of(error)) from error


# Not to be taken apart for every request.
_AS_MOST_SEND = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})


def _is_json(field: object) -> bool:
    return isinstance(field, Body) and not isinstance(field, Form)


def _check_type(request: Request) -> None:
    sent = request.headers.get("content-type", "")
    if sent in _AS_MOST_SEND:
        return
    kind, options = parse_options_header(sent)
    if kind != b"application/json" or options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise UnsupportedMedia(expected="application/json, in UTF-8")
