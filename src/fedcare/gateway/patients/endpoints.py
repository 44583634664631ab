"""Routes of patients' records."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from fedcare.db import audit
from fedcare.errors import Conflict, ImportRefused, LostUpdate, RevisionRequired
from fedcare.gateway.answers import answers
from fedcare.gateway.direct_route import DirectRoute
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.idempotency import CurrentTicket, IdempotencyKey, ticket_for
from fedcare.gateway.patients import csv_export, csv_import, importing, pages, rights, service
from fedcare.gateway.patients.importing import Mode
from fedcare.gateway.patients.listing import Asked
from fedcare.gateway.patients.schemas import (
    ErasureReport,
    ImportReport,
    Patient,
    PatientExport,
    PatientFields,
    PatientFilters,
    PatientPage,
    PatientQuery,
)
from fedcare.gateway.patients.upload import DOCUMENTED, CurrentFile
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute

router = APIRouter(prefix="/patients", tags=["patients"], route_class=StrictRoute)
quick = APIRouter(prefix="/patients", tags=["patients"], route_class=DirectRoute)
quick.routes = router.routes  # One list, in the order in which they are declared.

IfMatch = Annotated[str | None, Header(description='The ETag of the state that is changed, such as `"3"`; `*`: any.')]
_CSV: dict[int | str, Any] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
_ETAG = {"ETag": {"description": "The record's revision.", "schema": {"type": "string"}}}
_LOCATION = {"Location": {"description": "The record's address.", "schema": {"type": "string"}}}
_READ: dict[int | str, Any] = {200: {"headers": _ETAG}}
_MADE: dict[int | str, Any] = {201: {"headers": _ETAG | _LOCATION}}


@quick.get("", operation_id="listPatients", response_model=PatientPage, responses=answers())
def list_patients(
    query: Annotated[PatientQuery, Query()], caller: CurrentCaller, services: CurrentServices
) -> Response:
    """A page of the institution's patients: searched by name, filtered, sorted."""
    with services.database.transaction(caller.scope) as tx:
        body = pages.page(tx, query, services.authenticator.keys)
    return Response(body.encode(), media_type="application/json")


@quick.post(
    "", operation_id="createPatient", status_code=201, response_model=Patient, responses=answers(Conflict) | _MADE
)
def create_patient(
    patient: PatientFields, caller: CurrentCaller, services: CurrentServices, ticket: CurrentTicket
) -> Response:
    """Store a new record; with an ``Idempotency-Key`` once, however often it is sent."""
    with services.database.transaction(caller.scope) as tx:
        answer = service.create(tx, caller, patient, ticket)
    return answer.response()


@router.post(
    "/import",
    operation_id="importPatients",
    response_model=ImportReport,
    responses=answers(Conflict, ImportRefused),
    openapi_extra=DOCUMENTED,
)
def import_patients(
    request: Request,
    content: CurrentFile,
    caller: CurrentCaller,
    services: CurrentServices,
    key: IdempotencyKey = None,
    mode: Annotated[Mode, Query(description="What to do where a row is bad.")] = "all_or_nothing",
    dry_run: Annotated[bool, Query(description="Check and show the first rows; store nothing.")] = False,
) -> Response:
    """Take in a CSV file of up to 100,000 rows, gzip or not, and report every bad row by line, column and reason.

    Columns by name: age, sex, bmi, children, smoker, region, and if there are such first_name, last_name,
    insurance_cost (or charges). Rows without a name are named "Patient" and a part of their id.
    """
    rows = csv_import.read(content, services.config.upload_bytes)
    if dry_run:
        return importing.preview(rows).response()
    with services.database.transaction(caller.scope) as tx:
        answer = importing.store(tx, caller, rows, mode, ticket_for(request, key, content))
    return answer.response()


@router.get("/export", operation_id="exportPatients", response_class=StreamingResponse, responses=answers() | _CSV)
def export_patients(
    filters: Annotated[PatientFilters, Query()], caller: CurrentCaller, services: CurrentServices
) -> StreamingResponse:
    """All patients that match, as a CSV file; text that a spreadsheet could take for a formula begins with a '."""
    with services.database.transaction(caller.scope) as tx:
        audit.record(tx, caller.origin, "patients.export", "patients")
    rows = csv_export.rows(services.database, caller.scope, Asked.of(filters))
    headers = {"Content-Disposition": 'attachment; filename="patients.csv"'}
    return StreamingResponse(rows, headers=headers, media_type="text/csv")


@router.get("/{patient_id:uuid}", operation_id="getPatient", response_model=Patient, responses=answers() | _READ)
def get_patient(patient_id: UUID, caller: CurrentCaller, services: CurrentServices) -> Response:
    """One record; its ETag is what a change names in If-Match."""
    with services.database.transaction(caller.scope) as tx:
        answer = service.read(tx, caller, patient_id)
    return answer.response()


@router.put(
    "/{patient_id:uuid}",
    operation_id="updatePatient",
    response_model=Patient,
    responses=answers(LostUpdate, RevisionRequired) | _READ,
)
def update_patient(
    patient_id: UUID,
    patient: PatientFields,
    caller: CurrentCaller,
    services: CurrentServices,
    if_match: IfMatch = None,
) -> Response:
    """Replace a whole record, if it still is in the state that If-Match names."""
    revision = service.revision_of(if_match)
    with services.database.transaction(caller.scope) as tx:
        answer = service.replace(tx, caller, patient_id, patient, revision)
    return answer.response()


@router.delete(
    "/{patient_id:uuid}",
    operation_id="deletePatient",
    status_code=204,
    responses=answers(LostUpdate, RevisionRequired),
)
def delete_patient(
    patient_id: UUID, caller: CurrentCaller, services: CurrentServices, if_match: IfMatch = None
) -> None:
    """Delete a record with its predictions and images, if it still is in the state that If-Match names."""
    revision = service.revision_of(if_match)
    with services.database.transaction(caller.scope) as tx:
        service.delete(tx, caller, patient_id, revision)


@router.get(
    "/{patient_id:uuid}/export", operation_id="exportPatient", response_model=PatientExport, responses=answers()
)
def export_patient(patient_id: UUID, caller: CurrentCaller, services: CurrentServices) -> Response:
    """Everything held on a patient, for the patient: record, predictions, images, and who did what with them."""
    with services.database.transaction(caller.scope) as tx:
        answer = rights.export(tx, caller, patient_id)
    return answer.response()


@router.post("/{patient_id:uuid}/erasure", operation_id="erasePatient", responses=answers())
def erase_patient(patient_id: UUID, caller: CurrentCaller, services: CurrentServices) -> ErasureReport:
    """Erase everything held on a patient, whatever state it is in. The audit log keeps ids alone."""
    with services.database.transaction(caller.scope) as tx:
        erased = rights.erase(tx, caller, patient_id)
    return ErasureReport(patient_id=patient_id, erased=erased)
