"""A patient's own rights: to get everything that is held on them, and to have it erased."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from fedcare.db import audit
from fedcare.errors import NotFound
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer
from fedcare.gateway.patients import repository
from fedcare.gateway.patients.service import SUBJECT

# The tables that hold data of a patient beside the record itself, by its id in ``patient_id``. All of it goes with the
# record: their foreign keys see to that.
HELD = ("predictions", "imaging_studies", "idempotency_keys")
# Columns that say nothing of the patient, or say it a second time. Any other is exported, those to come included.
INTERNAL = ("tenant", "institution_id", "first_folded", "last_folded", "cost_cents", "request_hash")

_RECORD = text("select (to_jsonb(one) - cast(:internal as text[]))::text from patients as one where id = :patient")
_LISTS = {
    name: text(
        f"""
        select coalesce(jsonb_agg(to_jsonb(one) - cast(:internal as text[]) order by created_at), '[]')::text
        from {name} as one where patient_id = :patient
        """  # noqa: S608 (a name from above)
    )
    for name in HELD
}
# Who did what, when and from where, without the links of the chain.
_AUDIT = text(
    """
    select coalesce(jsonb_agg(to_jsonb(one) - array['tenant', 'institution_id', 'previous_hash', 'hash'] order by seq),
        '[]')::text
    from audit_log as one
    where subject_type = 'patient' and subject_id = cast(:patient as text)
        or subject_type = 'prediction'
        and subject_id in (select id::text from predictions where patient_id = :patient)
    """
)
_COUNTS = {name: text(f"select count(*) from {name} where patient_id = :patient") for name in HELD}  # noqa: S608


def export(tx: Connection, caller: Caller, patient_id: UUID) -> Answer:
    """Everything held on a patient (``PatientExport``); that it was given out is recorded, and in it."""
    which: dict[str, Any] = {"patient": patient_id, "internal": list(INTERNAL)}
    record = tx.execute(_RECORD, which).scalar_one_or_none()
    if record is None:
        raise NotFound(what=SUBJECT)
    audit.record(tx, caller.origin, "patients.export_one", SUBJECT, patient_id)
    parts = {"patient": record}
    parts |= {name: tx.execute(statement, which).scalar_one() for name, statement in _LISTS.items()}
    parts["audit"] = tx.execute(_AUDIT, {"patient": patient_id}).scalar_one()
    body = ",".join(f'"{name}":{part}' for name, part in parts.items())
    return Answer(200, f"{{{body}}}", {"Content-Disposition": f'attachment; filename="patient-{patient_id}.json"'})


def erase(tx: Connection, caller: Caller, patient_id: UUID) -> dict[str, int]:
    """Erase a patient with everything held on them; how many rows of what.

    The audit log keeps its rows, which hold ids alone, and its chain still verifies.
    """
    erased = {name: tx.execute(count, {"patient": patient_id}).scalar_one() for name, count in _COUNTS.items()}
    if not repository.delete_one(tx, patient_id, None):
        raise NotFound(what=SUBJECT)
    audit.record(tx, caller.origin, "patients.erase", SUBJECT, patient_id)
    return {"patients": 1, **erased}
