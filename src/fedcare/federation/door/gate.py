"""The application behind the public port: passes on what a welcome peer may ask, and answers all else with nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from fedcare.federation.door import fleet
from fedcare.federation.door.answer import NOWHERE, Answer, refused
from fedcare.federation.door.body import Gone, Receive, TooMuch, TooSlow, once, read
from fedcare.federation.door.consortium import ENROL, PREFIX, Consortium
from fedcare.federation.door.peer import Peer
from fedcare.federation.door.protocol import PEER, Threshold

log = logging.getLogger("fedcare.door")

SEND_SECONDS = 120.0
"""How long a piece of an answer may wait for a peer to take it."""


class Gate:
    """The ASGI application of the door. ``flower`` is Flower's, ``state`` its database."""

    def __init__(self, flower: Any, state: fleet.LinkState, consortium: Consortium, threshold: Threshold) -> None:
        self._flower = flower
        self._state = state
        self._consortium = consortium
        self._threshold = threshold

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        """Answer one request, or pass it on to Flower."""
        if scope["type"] != "http":
            return
        peer: Peer | None = scope["extensions"][PEER]

        async def patient_send(message: Any) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            answer = await self._answer(peer, scope, receive, patient_send)
        except TooMuch:
            answer = refused(413)
        except TooSlow:
            answer = refused(408)
        except Gone:
            return
        if answer is None:
            return
        if answer.status >= 400:
            who = peer.institution if peer else "a stranger"
            log.info("refused %s %.100r of %s: %d", scope["method"], scope["path"], who, answer.status)
        await answer.send(patient_send)

    async def _answer(self, peer: Peer | None, scope: Any, receive: Receive, send: Any) -> Answer | None:
        """The answer; None where Flower gave it."""
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
        return await self._fleet(peer, scope, receive, send)

    async def _fleet(self, peer: Peer, scope: Any, receive: Receive, send: Any) -> Answer | None:
        path = scope["path"]
        if scope["method"] != "POST" or path not in fleet.PATHS:
            return NOWHERE
        if not fleet.key_matches(scope["headers"], peer.public_key):
            return refused(403)
        limits = self._threshold.limits
        body = await self._body(scope, receive, limits.note_bytes if path in fleet.NOTES else limits.object_bytes)
        if fleet.is_checked(path):
            own = await asyncio.to_thread(fleet.speaks_for_itself, path, body, self._state)
            if not own:
                return refused(403)
        # The body may have taken its time: revoked is revoked at once.
        if not peer.welcome(self._threshold.authority):
            return refused(403)
        await self._flower(scope, once(body, receive), send)
        return None

    async def _body(self, scope: Any, receive: Receive, most: int) -> bytes:
        return await read(receive, scope["headers"], most, self._threshold.limits)
