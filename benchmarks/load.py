"""Many clients on keep-alive connections: a generator of requests that costs little beside the server it drives.

Requests are bytes that were made beforehand, and of an answer only the status and the length are read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"


@dataclass
class Outcome:
    """``latencies`` in seconds, one an answer; ``statuses`` counts answers by status."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """The latency below which that share of the answers lies, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def request(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """One request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + HEAD_END + body


def drive(port: int, make: Callable[[], bytes], clients: int, seconds: float) -> Outcome:
    """Let ``clients`` ask one request after the other for that long; ``make`` gives the next one."""
    return uvloop.run(_drive(port, make, clients, seconds))


async def _drive(port: int, make: Callable[[], bytes], clients: int, seconds: float) -> Outcome:
    outcome, loop = Outcome(0.0), asyncio.get_running_loop()
    started = time.perf_counter()
    until = started + seconds
    made = [
        await loop.create_connection(lambda: _Client(make, outcome, until), "127.0.0.1", port) for _ in range(clients)
    ]
    await asyncio.gather(*(client.finished for _, client in made))
    outcome.seconds = time.perf_counter() - started
    return outcome


class _Client(asyncio.Protocol):
    def __init__(self, make: Callable[[], bytes], outcome: Outcome, until: float) -> None:
        self._make, self._outcome, self._until = make, outcome, until
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(HEAD_END)
        if not separator or len(body) < _length(head):
            return
        self._buffer = b""
        now, status = time.perf_counter(), int(head[9:12])
        self._outcome.latencies.append(now - self._asked)
        self._outcome.statuses[status] = self._outcome.statuses.get(status, 0) + 1
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_result(None)

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._make())


def _length(head: bytes) -> int:
    place = head.lower().find(b"content-length:")
    return int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
