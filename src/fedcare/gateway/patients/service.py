"""The rules of patients' records: who may see them is the database's matter, what may become of them stands here."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from fedcare.db import audit
from fedcare.db.ids import new_id
from fedcare.errors import InvalidRequest, LostUpdate, NotFound, RevisionRequired
from fedcare.gateway import idempotency
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer, Ticket
from fedcare.gateway.patients import repository
from fedcare.gateway.patients.money import to_cents
from fedcare.gateway.patients.names import fold
from fedcare.gateway.patients.repository import Row
from fedcare.gateway.patients.schemas import PatientFields

SUBJECT = "patient"
_ETAG = re.compile(r'"(\d{1,9})"')


def create(tx: Connection, caller: Caller, patient: PatientFields, ticket: Ticket | None) -> Answer:
    """Store a new patient of the caller's institution."""
    done = idempotency.claim(tx, caller, ticket)
    if done:
        return done
    patient_id = new_id()
    body = repository.insert_one(tx, institution_of(caller), patient_id, caller.worker_id, row(patient))
    answer = Answer(201, body, {"Location": f"/api/patients/{patient_id}", "ETag": etag(1)})
    idempotency.keep(tx, caller, ticket, answer, patient_id)
    audit.record(tx, caller.origin, "patients.create", SUBJECT, patient_id)
    return answer


def read(tx: Connection, caller: Caller, patient_id: UUID) -> Answer:
    """One record; that it was looked at is recorded."""
    found = repository.select_one(tx, patient_id)
    if found is None:
        raise NotFound(what=SUBJECT)
    audit.record(tx, caller.origin, "patients.read", SUBJECT, patient_id)
    return _answer(*found)


def replace(tx: Connection, caller: Caller, patient_id: UUID, patient: PatientFields, revision: int | None) -> Answer:
    """Write a whole record over the state that the caller knows; None means any state."""
    found = repository.update_one(tx, patient_id, revision, row(patient))
    if found is None:
        raise _why_unchanged(tx, patient_id)
    audit.record(tx, caller.origin, "patients.update", SUBJECT, patient_id)
    return _answer(*found)


def delete(tx: Connection, caller: Caller, patient_id: UUID, revision: int | None) -> None:
    """Delete a record, and with it its predictions and images."""
    if not repository.delete_one(tx, patient_id, revision):
        raise _why_unchanged(tx, patient_id)
    audit.record(tx, caller.origin, "patients.delete", SUBJECT, patient_id)


def revision_of(if_match: str | None) -> int | None:
    """The revision that an If-Match names; None for ``*``, which is any.

    Raises RevisionRequired without the header, InvalidRequest where it is not an ETag of ours.
    """
    if if_match is None:
        raise RevisionRequired()
    if if_match.strip() == "*":
        return None
    known = _ETAG.fullmatch(if_match.strip())
    if known is None:
        raise InvalidRequest(
            [{"field": "If-Match", "problem": 'it must be one ETag of this record, such as "3", or *'}]
        )
    return int(known[1])


def etag(revision: int) -> str:
    """How a revision stands in a header."""
    return f'"{revision}"'


def row(patient: PatientFields) -> Row:
    """The record as columns."""
    columns: dict[str, Any] = dict(patient)
    if patient.insurance_cost is not None:
        columns["insurance_cost"] = to_cents(patient.insurance_cost)
    return columns | {"first_folded": fold(patient.first_name), "last_folded": fold(patient.last_name)}


def institution_of(caller: Caller) -> int:
    """The institution that new rows belong to; the table of permissions lets nobody here who has none."""
    assert caller.institution_id is not None, "the consortium has no patients"
    return caller.institution_id


def _answer(body: str, revision: int) -> Answer:
    return Answer(200, body, {"ETag": etag(revision)})


def _why_unchanged(tx: Connection, patient_id: UUID) -> Exception:
    return LostUpdate() if repository.select_one(tx, patient_id) else NotFound(what=SUBJECT)
