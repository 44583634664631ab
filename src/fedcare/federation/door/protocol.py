"""HTTP on the public port: knows each connection's peer, drops strangers, and waits for nobody for long."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fedcare.federation.door.limits import Limits
from fedcare.federation.door.peer import Peer
from fedcare.trust.authority import Authority

PEER = "fedcare.peer"
"""The key of a request's scope under ``extensions`` that holds its Peer, or None for a stranger who may enrol."""

log = logging.getLogger("fedcare.door")


class Threshold:
    """Who may pass: shared by all connections of the door."""

    def __init__(self, authority: Authority, limits: Limits) -> None:
        self.authority = authority
        self.limits = limits
        self.open: set[DoorProtocol] = set()
        self._present: Counter[str] = Counter()

    def refusal(self, peer: Peer | None) -> str | None:
        """Why this connection is not let in; None if it is."""
        if peer is None:
            if not self.authority.expects_enrolment():
                return "no certificate, and nobody is expected to enrol"
            return "too many strangers" if self._present[""] >= self.limits.stranger_connections else None
        if not peer.welcome(self.authority):
            return "the certificate is over or revoked"
        return "too many connections" if self._present[peer.public_key] >= self.limits.connections_per_node else None

    def enter(self, connection: DoorProtocol) -> None:
        """Count a connection that was let in."""
        self.open.add(connection)
        self._present[_key(connection.peer)] += 1

    def leave(self, connection: DoorProtocol) -> None:
        """Count it no more."""
        if connection in self.open:
            self.open.discard(connection)
            key = _key(connection.peer)
            self._present[key] -= 1
            if not self._present[key]:
                del self._present[key]

    def turn_out(self) -> int:
        """Cut every connection whose certificate has stopped counting, in the middle of whatever it sends; how many."""
        gone = [each for each in self.open if each.peer is not None and not each.peer.welcome(self.authority)]
        for connection in gone:
            connection.cut("the certificate is over or revoked")
        return len(gone)


class DoorProtocol(HttpToolsProtocol):
    """One connection. A subclass made by ``protocol_for`` knows the threshold."""

    threshold: Threshold

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.peer: Peer | None = None
        self._cut = False
        self._in_headers, self._headers_ended = True, False
        self._header_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """After the handshake: learn who it is, and let them in or drop them before they can say a word."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        try:
            self.peer = Peer.of(der) if der else None
        except (ValueError, AssertionError):  # The authority made no such certificate, so this is a bug or a break-in.
            self.cut("the certificate cannot be read")
            return
        refusal = self.threshold.refusal(self.peer)
        if refusal:
            self.cut(refusal)
            return
        self.threshold.enter(self)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.threshold.leave(self)
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; a peer who dawdles over its headers, or sends too much of them, is cut."""
        if self._cut:
            return
        if self._deadline is None and self._in_headers:
            self._expect_headers()
        before, self._headers_ended = self._in_headers, False
        super().data_received(data)
        # A small request may come whole, with a body larger than any headers.
        if before and self._in_headers and not self._headers_ended:
            self._header_bytes += len(data)
            if self._header_bytes > self.threshold.limits.header_bytes:
                self.cut("too long headers")

    def on_message_begin(self) -> None:
        """A request begins: say whose it is."""
        super().on_message_begin()
        self._in_headers = True
        self.scope["extensions"] = {PEER: self.peer}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        """The headers have all come; the body is the gate's to watch."""
        self._in_headers, self._headers_ended = False, True
        self._header_bytes = 0
        self._stop_clock()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request has all come; the next one starts with headers again."""
        self._in_headers = True
        super().on_message_complete()

    def cut(self, why: str) -> None:
        """Close at once, without an answer."""
        self._cut = True
        log.info("cut %s of %s: %s", _from(self.client), self.peer.institution if self.peer else "a stranger", why)
        self.transport.abort()

    def _expect_headers(self) -> None:
        self._stop_clock()
        wait = self.threshold.limits.patience
        self._deadline = self.loop.call_later(wait, self.cut, "no request in time")

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def protocol_for(threshold: Threshold) -> type[DoorProtocol]:
    """The protocol of one door."""
    return type("DoorProtocol", (DoorProtocol,), {"threshold": threshold})


def _key(peer: Peer | None) -> str:
    return peer.public_key if peer else ""


def _from(client: tuple[str, int] | None) -> str:
    return client[0] if client else "an unknown address"
