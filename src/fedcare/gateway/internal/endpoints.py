"""Reports of the coordinator's processes, with the service token; a session opens none of these."""

from __future__ import annotations

from fastapi import APIRouter, Request

from fedcare.errors import CorruptModel, NotFound, StorageFull, UnknownModel
from fedcare.gateway.answers import answers
from fedcare.gateway.internal import service
from fedcare.gateway.internal.schemas import (
    ClientsReport,
    EventReport,
    MetricsReport,
    RoundReport,
    RunReport,
    Stored,
    VersionFields,
)
from fedcare.gateway.internal.token import FromCoordinator
from fedcare.gateway.internal.versions import FIELD, MULTIPART, take_version
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute

router = APIRouter(prefix="/internal", tags=["internal"], route_class=StrictRoute)


@router.post("/run", operation_id="reportRun", status_code=204, responses=answers(NotFound))
def report_run(_: FromCoordinator, body: RunReport, services: CurrentServices) -> None:
    """How far a run is."""
    service.take_run(services.database, body)


@router.post("/round", operation_id="reportRound", status_code=204, responses=answers(NotFound))
def report_round(_: FromCoordinator, body: RoundReport, services: CurrentServices) -> None:
    """A round as it stands."""
    service.take_round(services.database, body)


@router.post("/metrics", operation_id="reportMetrics", status_code=204, responses=answers(NotFound))
def report_metrics(_: FromCoordinator, body: MetricsReport, services: CurrentServices) -> None:
    """Each institution's own figures of a round."""
    service.take_metrics(services.database, body)


@router.post("/clients", operation_id="reportClients", status_code=204, responses=answers())
def report_clients(_: FromCoordinator, body: ClientsReport, services: CurrentServices) -> None:
    """The nodes that are there, and how many records they count."""
    service.take_clients(services.database, body)


@router.post("/event", operation_id="reportEvent", status_code=204, responses=answers(NotFound))
def report_event(_: FromCoordinator, body: EventReport, services: CurrentServices) -> None:
    """A note for whoever watches a run."""
    service.take_event(services.database, body)


@router.post(
    "/version",
    operation_id="reportVersion",
    responses=answers(NotFound, UnknownModel, CorruptModel, StorageFull),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                MULTIPART: {
                    "schema": {
                        "type": "object",
                        "required": [FIELD, "run_id", "activate"],
                        "properties": {
                            FIELD: {"type": "string", "format": "binary", "description": "The version's folder, zip."},
                            **VersionFields.model_json_schema()["properties"],
                        },
                    }
                }
            },
        }
    },
)
async def report_version(_: FromCoordinator, services: CurrentServices, request: Request) -> Stored:
    """The model version that a run ended in; its form is read once it is known who sends it."""
    return await take_version(services, request)
