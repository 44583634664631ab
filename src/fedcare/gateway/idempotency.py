"""The same request twice is one deed: a key of the caller's own, kept in the transaction of what was done.

A client that got no answer sends the request again with the same ``Idempotency-Key``. Where the first one was
committed, its answer is given once more; where it was not, nothing of it remains and the second does the work. Two at
once: the second waits for the first. Keys are a worker's own and are forgotten after a day.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from pydantic import StringConstraints
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from fedcare.db.tables import idempotency_keys as keys
from fedcare.errors import Conflict, InvalidRequest
from fedcare.gateway.caller import Caller
from fedcare.gateway.types import Says

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Answer:
    """What a request is answered with: JSON as it goes out."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """For the endpoint to return."""
        return Response(self.body.encode(), self.status, self.headers, "application/json")


@dataclass(frozen=True)
class Ticket:
    """A request that must be done once: its key, and a hash of what is asked."""

    key: str
    request_hash: bytes


_KEY_PROBLEM = "it must be 1 to 200 visible ASCII characters"
_Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$"), Says(_KEY_PROBLEM)]
IdempotencyKey = Annotated[
    _Key | None,
    Header(
        alias="Idempotency-Key",
        description="A text of your choice, such as a random UUID: the same request with it is done once.",
        examples=["8f14e45f-ceea-467f-9a3b-2f0c1d6e7a55"],
    ),
]


def ticket_for(request: Request, key: str | None, content: bytes) -> Ticket | None:
    """The ticket of a request with that content; None where it brought no key."""
    if key is None:
        return None
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return Ticket(key, hashlib.sha256(asked + content).digest())


# For a route that reads its request by hand.
KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A text of your choice, such as a random UUID: the same request with it is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[\x21-\x7e]+$"},
}


def sent_key(request: Request) -> str | None:
    """The request's key; raises InvalidRequest for one that cannot be kept."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequest([{"field": "Idempotency-Key", "problem": _KEY_PROBLEM}])
    return key


async def _ticket(request: Request, key: IdempotencyKey = None) -> Ticket | None:
    return None if key is None else ticket_for(request, key, await request.body())


CurrentTicket = Annotated[Ticket | None, Depends(_ticket)]

# The columns written are the names of the parameters.
_CLAIM = insert(keys).on_conflict_do_nothing().returning(keys.c.key)
_MINE = (keys.c.worker_id == bindparam("of_worker"), keys.c.key == bindparam("of_key"))
_KEPT = select(keys.c.request_hash, keys.c.status, keys.c.headers, keys.c.response).where(*_MINE)
_KEEP = update(keys).where(*_MINE)


def claim(tx: Connection, caller: Caller, ticket: Ticket | None) -> Answer | None:
    """The answer that this request got before; None where it is to be done now. The first thing in a transaction.

    Raises Conflict where the key was used for another request.
    """
    if ticket is None:
        return None
    mine = {"institution_id": caller.institution_id, "worker_id": caller.worker_id, "key": ticket.key}
    # Where another transaction has just claimed the key, this waits until it ends.
    if tx.execute(_CLAIM, mine | {"request_hash": ticket.request_hash}).first():
        return None
    kept = tx.execute(_KEPT, {"of_worker": caller.worker_id, "of_key": ticket.key}).first()
    if kept is None:
        raise Conflict(reason="The first request with this Idempotency-Key has just ended. Send yours again.")
    if bytes(kept.request_hash) != ticket.request_hash:
        raise Conflict(reason="This Idempotency-Key was used for another request. Choose a new one.")
    return Answer(kept.status, kept.response, {**kept.headers, "Idempotency-Replayed": "true"})


def keep(tx: Connection, caller: Caller, ticket: Ticket | None, answer: Answer, patient_id: UUID | None = None) -> None:
    """Keep the answer for whoever asks the same again.

    ``patient_id``: whose data the answer holds; it is deleted with that patient.
    """
    if ticket is None:
        return
    kept = {"status": answer.status, "headers": answer.headers, "response": answer.body, "patient_id": patient_id}
    tx.execute(_KEEP, kept | {"of_worker": caller.worker_id, "of_key": ticket.key})
