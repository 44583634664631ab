"""Taking a file's patients in: all of its rows or the good ones, in one transaction with one row of the audit log."""

from __future__ import annotations

import json
from typing import Literal

from sqlalchemy import Connection, text

from fedcare.db import audit
from fedcare.errors import ImportRefused
from fedcare.gateway import idempotency
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer, Ticket
from fedcare.gateway.patients.csv_import import Rows
from fedcare.gateway.patients.schemas import ImportReport, PatientFields, RowProblem
from fedcare.gateway.patients.service import institution_of

Mode = Literal["all_or_nothing", "good_rows"]
AT_ONCE = 5000
PREVIEWED = 10

# COPY is not for tables with row-level security; a batch as one JSON text comes next in speed.
_INSERT = text(
    """
    insert into patients (
        institution_id, created_by, id, first_name, last_name, first_folded, last_folded, age, sex, bmi, children,
        smoker, region, insurance_cost, cost_recorded_at
    )
    select :institution, :worker, id, first_name, last_name, first_folded, last_folded, age, sex, bmi, children,
        smoker, region, insurance_cost, case when insurance_cost is not null then now() end
    from json_to_recordset(cast(:batch as json)) as row (
        id uuid, first_name text, last_name text, first_folded text, last_folded text, age int, sex text, bmi float8,
        children int, smoker text, region text, insurance_cost numeric
    )
    """
)


def preview(rows: Rows) -> Answer:
    """What importing the rows would do."""
    shown = [PatientFields.model_validate({name: row[name] for name in _FIELDS}) for row in rows.good[:PREVIEWED]]
    return Answer(200, _report(rows, dry_run=True, shown=shown).model_dump_json())


def store(tx: Connection, caller: Caller, rows: Rows, mode: Mode, ticket: Ticket | None) -> Answer:
    """Store the rows; raises ImportRefused where a row is bad and all were wanted, or where none is good."""
    done = idempotency.claim(tx, caller, ticket)
    if done:
        return done
    if not rows.good or (rows.refused and mode == "all_or_nothing"):
        raise ImportRefused(**_report(rows, dry_run=False, imported=0).model_dump(mode="json"))
    who = {"institution": institution_of(caller), "worker": caller.worker_id}
    for start in range(0, len(rows.good), AT_ONCE):
        tx.execute(_INSERT, {**who, "batch": json.dumps(rows.good[start : start + AT_ONCE])})
    answer = Answer(200, _report(rows, dry_run=False).model_dump_json())
    idempotency.keep(tx, caller, ticket, answer)
    audit.record(tx, caller.origin, "patients.import", "patients", len(rows.good))
    return answer


_FIELDS = tuple(PatientFields.model_fields)


def _report(
    rows: Rows, *, dry_run: bool, imported: int | None = None, shown: list[PatientFields] | None = None
) -> ImportReport:
    problems = [RowProblem(line=line, column=column, reason=reason) for line, column, reason in rows.listed()]
    return ImportReport(
        dry_run=dry_run,
        rows=rows.total,
        imported=len(rows.good) if imported is None else imported,
        refused=rows.refused,
        named=rows.named,
        rounded=rows.rounded,
        problems=problems,
        problems_left_out=len(rows.problems) - len(problems),
        ignored_columns=list(rows.ignored),
        preview=shown or [],
    )
