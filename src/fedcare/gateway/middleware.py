"""What every request passes: an id, a limit on its size, safe headers, one line in the log and its measurements.

One plain ASGI layer, since each layer more costs every request.
"""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedcare.errors import InternalError, TooLarge
from fedcare.gateway.failures import answer
from fedcare.gateway.logs import log_request, log_unexpected
from fedcare.gateway.measures import ERRORS, IN_FLIGHT, latency_of, requests_of

SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
OVER_TLS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
NOT_KEPT = (b"cache-control", b"no-store")
# A caller's own id is taken where it is harmless in a log.
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# A model version of the coordinator's, which shows its token before a byte of it is read.
VERSION, VERSION_BYTES = "/api/internal/version", 2**31
UPLOADS = re.compile(r"^/api/(patients/import|predictions/(imaging(/view)?|batch))$")


class Gate:
    """The layer around the application."""

    def __init__(self, app: ASGIApp, body_bytes: int, upload_bytes: int) -> None:
        self._app, self._body_bytes, self._upload_bytes = app, body_bytes, upload_bytes
        self._prefix, self._numbers = secrets.token_hex(6), itertools.count()
        self._in_flight = 0
        IN_FLIGHT.set_function(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _own_id(scope) or f"{self._prefix}-{next(self._numbers):x}"
        scope.setdefault("state", {})["request_id"] = request_id
        limit = self._limit(scope["path"])
        watch = _Watch(scope, send, request_id)
        self._in_flight += 1
        try:
            if _announced(scope) > limit:
                await answer(TooLarge(limit=limit))(scope, receive, watch.send)
            else:
                await self._app(scope, _Limited(receive, limit), watch.send)
        except _BodyTooLarge:
            await answer(TooLarge(limit=limit))(scope, receive, watch.send)
        except Exception as error:  # Caught here, or uvicorn would log it with all that its text may quote.
            log_unexpected(error, request_id)
            if not watch.started:
                await answer(InternalError())(scope, receive, watch.send)
        finally:
            self._in_flight -= 1
            watch.finish()

    def _limit(self, path: str) -> int:
        if path == VERSION:
            return VERSION_BYTES
        return self._upload_bytes if UPLOADS.match(path) else self._body_bytes


class _BodyTooLarge(Exception):
    """More bytes came than a request may have."""


class _Limited:
    """Receives a body and stops where it grows too large, whatever its header announced."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left = receive, limit

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _BodyTooLarge
        return message


class _Watch:
    """Sees the answer pass: adds headers, remembers the status, measures and logs at the end."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._scope, self._send, self._id = scope, send, request_id
        self._status, self._since = 500, time.perf_counter()
        self.started = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self._status, self.started = message["status"], True
            headers = message.setdefault("headers", [])
            present = {name for name, _ in headers}
            headers += [(name, value) for name, value in SAFE_HEADERS if name not in present]
            headers.append((b"x-request-id", self._id.encode()))
            if b"cache-control" not in present:
                headers.append(NOT_KEPT)
            if self._scope["scheme"] == "https":
                headers.append(OVER_TLS)
        await self._send(message)

    def finish(self) -> None:
        """Measure and log: the route's pattern, not the address, which may hold a name that was searched for."""
        seconds = time.perf_counter() - self._since
        route = getattr(self._scope.get("route"), "operation_id", None) or "unknown"
        method = self._scope["method"]
        requests_of(method, route, self._status).inc()
        latency_of(route).observe(seconds)
        if self._status >= 500:
            ERRORS.labels(route).inc()
        log_request(self._id, method, route, self._status, seconds)


def _own_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return None


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
