"""Reading a request's body whole, within bounds of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fedcare.federation.door.limits import Limits

Receive = Callable[[], Awaitable[Any]]


class TooMuch(Exception):
    """The body is larger than it may be."""


class TooSlow(Exception):
    """The body comes too slowly."""


class Gone(Exception):
    """The peer has left."""


async def read(receive: Receive, headers: Iterable[tuple[bytes, bytes]], most: int, limits: Limits) -> bytes:
    """The body; raises TooMuch before reading what the headers announce to be too large, TooSlow or Gone."""
    if _announced(headers) > most:
        raise TooMuch
    loop = asyncio.get_running_loop()
    started, size, parts = loop.time(), 0, []
    while True:
        allowed = limits.patience + size / limits.body_rate
        try:
            async with asyncio.timeout_at(started + allowed):
                message = await receive()
        except TimeoutError:
            raise TooSlow from None
        if message["type"] != "http.request":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise TooMuch
        if not message.get("more_body", False):
            return b"".join(parts)


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    lengths = [int(value) for name, value in headers if name == b"content-length" and value.isdigit()]
    return max(lengths, default=0)
