"""The consortium's routes: joining, renewing, plans, statuses, released versions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fedcare.errors import BadEnrolment
from fedcare.federation.door import released
from fedcare.federation.door.answer import NOWHERE, Answer, as_json
from fedcare.federation.door.peer import Peer
from fedcare.federation.door.statuses import Status, Statuses
from fedcare.trust.authority import Authority
from fedcare.trust.bulletin import open_plans
from fedcare.trust.certificates import common_name

PREFIX = "/v1/consortium/"
ENROL = PREFIX + "enrol"
_VERSION = re.compile(PREFIX + r"versions/([A-Za-z0-9._-]{1,100})/([A-Za-z0-9._-]{1,100})")
_Pem = Annotated[str, Field(max_length=10_000)]


class Renewal(BaseModel):
    """A signing request of the key that the certificate is for."""

    model_config = ConfigDict(extra="forbid")
    csr: _Pem


class Enrolment(Renewal):
    """A signing request and a one-time token."""

    token: Annotated[str, Field(max_length=200)]


class Consortium:
    """Answers the consortium's requests; ``joined`` is called after an enrolment, before it is answered.

    ``seen`` is told each institution that enrols or says how it is.
    """

    def __init__(
        self,
        home: Path,
        authority: Authority,
        statuses: Statuses,
        node_id: Callable[[str], int | None],
        joined: Callable[[], None],
        seen: Callable[[str], None],
    ) -> None:
        self._authority = authority
        self._statuses = statuses
        self._released = home / "released"
        self._node_id = node_id
        self._joined = joined
        self._seen = seen

    async def enrol(self, body: bytes) -> Answer:
        """A certificate for whoever holds a token; a refusal says why, as the token is what a guesser lacks."""
        try:
            asked = Enrolment.model_validate_json(body)
        except ValidationError:
            return Answer(422, close=True)
        try:
            pem = await asyncio.to_thread(self._authority.enrol, asked.csr.encode(), asked.token)
        except BadEnrolment as error:
            refusal = as_json(error.to_json(), error.status)
            return Answer(refusal.status, refusal.body, close=True)
        self._seen(common_name(x509.load_pem_x509_certificate(pem)))
        await asyncio.to_thread(self._joined)
        return as_json({"certificate": pem.decode(), "ca": self._authority.ca_pem.decode()})

    async def answer(self, peer: Peer, method: str, path: str, query: bytes, body: bytes) -> Answer:
        """What a node with a certificate asks."""
        version = _VERSION.fullmatch(path)
        if method == "GET" and version:
            packed = await asyncio.to_thread(released.archive, self._released, version[1], version[2])
            return NOWHERE if packed is None else Answer(200, packed, "application/zip")
        try:
            return await self._listed(peer, f"{method} {path.removeprefix(PREFIX)}", query, body)
        except (ValidationError, ValueError):
            return Answer(422)
        except BadEnrolment as error:
            return as_json(error.to_json(), error.status)

    async def _listed(self, peer: Peer, asked: str, query: bytes, body: bytes) -> Answer:
        if asked == "POST renew":
            csr = Renewal.model_validate_json(body).csr.encode()
            pem = await asyncio.to_thread(self._authority.renew, csr, peer.certificate)
            return as_json({"certificate": pem.decode()})
        if asked == "GET plans":
            return as_json(await asyncio.to_thread(open_plans, self._authority.folder))
        if asked == "POST status":
            node_id = await asyncio.to_thread(self._node_id, peer.public_key)
            self._seen(peer.institution)
            self._statuses.note(peer, Status.model_validate_json(body), node_id)
            return as_json({})
        if asked == "GET versions":
            after = int(parse_qs(query.decode("ascii")).get("after", ["0"])[0])
            return as_json(await asyncio.to_thread(released.index, self._released, after))
        return NOWHERE
