"""Answers of the door: short, and saying nothing to those who should not be there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

_PIECE = 256 * 1024


@dataclass(frozen=True)
class Answer:
    """``close``: the connection ends with it."""

    status: int
    body: bytes = b""
    media: str = "application/json"
    close: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())

    async def send(self, send: Any) -> None:
        """Give it to the server, a large one in pieces."""
        headers = [(b"content-length", str(len(self.body)).encode()), *self.headers]
        if self.body:
            headers.append((b"content-type", self.media.encode()))
        if self.close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for start in range(0, max(len(self.body), 1), _PIECE):
            more = start + _PIECE < len(self.body)
            await send({"type": "http.response.body", "body": self.body[start : start + _PIECE], "more_body": more})


def as_json(value: object, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(value).encode())


def refused(status: int) -> Answer:
    """Nothing, and the connection closed."""
    return Answer(status, close=True)


NOWHERE = refused(404)
