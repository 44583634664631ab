"""The application behind the public port: answers what a welcome peer may ask, and all else with nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fedcare.federation.door import fleet
from fedcare.federation.door.answer import NOWHERE, Answer, refused
from fedcare.federation.door.body import Gone, Receive, TooMuch, TooSlow, read
from fedcare.federation.door.consortium import ENROL, PREFIX, Consortium
from fedcare.federation.door.peer import Peer
from fedcare.federation.door.protocol import PEER, Threshold
from fedcare.federation.superlink.handlers import FLEET_CALLS, Handlers

log = logging.getLogger("fedcare.door")

SEND_SECONDS = 120.0
"""How long a piece of an answer may wait for a peer to take it."""


class Gate:
    """The ASGI application of the door."""

    def __init__(self, handlers: Handlers, consortium: Consortium, threshold: Threshold) -> None:
        self._handlers = handlers
        self._consortium = consortium
        self._threshold = threshold

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        peer: Peer | None = scope["extensions"][PEER]

        async def patient_send(message: Any) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            answer = await self._answer(peer, scope, receive)
        except TooMuch:
            answer = refused(413)
        except TooSlow:
            answer = refused(408)
        except Gone:
            return
        if answer.status >= 400:
            who = peer.institution if peer else "a stranger"
            log.info("refused %s %.100r of %s: %d", scope["method"], scope["path"], who, answer.status)
        await answer.send(patient_send)

    async def _answer(self, peer: Peer | None, scope: Any, receive: Receive) -> Answer:
        asked = scope["method"], scope["path"]
        notes = self._threshold.limits.note_bytes
        # 1. A stranger may enrol, once a connection, and nothing else.
        if asked == ("POST", ENROL):
            if not self._threshold.authority.expects_enrolment():
                return NOWHERE
            body = await self._body(scope, receive, notes)
            return await self._consortium.enrol(body)
        if peer is None:
            return NOWHERE
        # 2. A certificate that was revoked since the connection began counts no more.
        if not peer.welcome(self._threshold.authority):
            return refused(403)
        # 3. The consortium's own routes.
        if scope["path"].startswith(PREFIX):
            body = await self._body(scope, receive, notes)
            return await self._consortium.answer(peer, *asked, scope["query_string"], body)
        # 4. Flower's, in the peer's own name.
        return await self._fleet(peer, scope, receive)

    async def _fleet(self, peer: Peer, scope: Any, receive: Receive) -> Answer:
        path = scope["path"]
        if scope["method"] != "POST" or path not in FLEET_CALLS:
            return NOWHERE
        if not fleet.key_matches(scope["headers"], peer.public_key):
            return refused(403)
        limits = self._threshold.limits
        body = await self._body(scope, receive, limits.note_bytes if path in fleet.NOTES else limits.object_bytes)
        # The body may have taken its time: revoked is revoked at once.
        if not peer.welcome(self._threshold.authority):
            return refused(403)
        return await asyncio.to_thread(self._handlers.fleet, path, body, peer.public_key, fleet.speaks_for_itself)

    async def _body(self, scope: Any, receive: Receive, most: int) -> bytes:
        return await read(receive, scope["headers"], most, self._threshold.limits)
