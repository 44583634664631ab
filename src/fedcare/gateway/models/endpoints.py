"""Routes of model versions: who answers, how good they are, and who decides it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from fedcare.db import audit
from fedcare.errors import Conflict, CorruptModel, MissingModel, NoActiveModel, NotFound, UnusableModel
from fedcare.gateway.answers import answers
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.models import artifact, repository, service
from fedcare.gateway.models.comparison import compare
from fedcare.gateway.models.form import TaskForm, form_of
from fedcare.gateway.models.schemas import (
    Answering,
    Comparison,
    Figures,
    ModelDetails,
    ModelPage,
    ModelStatus,
    ModelVersion,
    Rollback,
    Shared,
    Sharing,
    TaskName,
)
from fedcare.gateway.models.shelf import Place
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute
from fedcare.gateway.types import Cursor, PageSize, from_cursor, to_cursor

router = APIRouter(tags=["models"], route_class=StrictRoute)

# What a task without a version that answers is met with, and a version whose files are not what they were.
ABSENT, DAMAGED = (NoActiveModel, UnusableModel), (CorruptModel, MissingModel)
Id = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version's id.", examples=[1])]
OfTask = Annotated[TaskName, Query()]


@router.get("/model/status", operation_id="getModelStatus", responses=answers())
async def status(services: CurrentServices) -> ModelStatus:
    """Which version answers for each task in this process, and whether one was refused."""
    return ModelStatus(tasks=[_answering(place) for place in services.shelf.places()])


@router.get("/model/form", operation_id="getModelForm", responses=answers(*ABSENT))
async def form(services: CurrentServices, task: OfTask = "insurance-cost") -> TaskForm:
    """What to ask for a prediction: features with units, ranges and categories, or an image."""
    ready = services.shelf.place(task).ready
    assert ready is not None
    return form_of(ready)


@router.get("/model/metrics", operation_id="getModelMetrics", responses=answers(*ABSENT))
async def metrics(services: CurrentServices, task: OfTask = "insurance-cost") -> Figures:
    """How good the version is that answers for a task, pooled and for each institution."""
    ready = services.shelf.place(task).ready
    assert ready is not None
    kept = ready.version.metrics
    own = {name: _finite(figures) for name, figures in (kept.get("institutions") or {}).items()}
    return Figures.model_validate(
        {
            "task": task,
            "version": ready.name,
            "trained_at": ready.version.created,
            "judged_on": kept.get("judged_on"),
            "threshold": kept.get("threshold"),
            "metrics": _finite(kept.get("metrics") or {}),
            "institutions": own,
        }
    )


@router.get("/models", operation_id="listModels", responses=answers())
def models(
    caller: CurrentCaller,
    services: CurrentServices,
    task: Annotated[TaskName | None, Query()] = None,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[PageSize, Query()] = 50,
) -> ModelPage:
    """The versions that were imported, newest first."""
    before = from_cursor(cursor, int)[0] if cursor else None
    if before is not None and not 0 < before < 2**31:
        before = 1
    with services.database.transaction(caller.scope) as tx:
        rows = repository.page(tx, task, before, limit + 1)
    shown = rows[:limit]
    following = to_cursor([shown[-1].id]) if len(rows) > limit else None
    return ModelPage(items=[_short(row) for row in shown], next=following)


@router.get("/models/compare", operation_id="compareModels", responses=answers(Conflict, *ABSENT))
def comparison(caller: CurrentCaller, services: CurrentServices, task: OfTask) -> Comparison:
    """The active version and its challenger on the outcomes that were recorded since they share the traffic."""
    return compare(services, caller, task)


@router.put("/models/traffic", operation_id="shareTraffic", responses=answers(NotFound, Conflict, *DAMAGED))
def share(caller: CurrentCaller, services: CurrentServices, asked: Sharing) -> Shared:
    """Let a challenger answer a share of a task's patients, always the same ones; activating a version ends it."""
    row, since = service.share(services, caller, asked.task, asked.challenger_id, asked.fraction)
    return Shared(task=asked.task, challenger_id=row.id, challenger=row.version, fraction=asked.fraction, since=since)


@router.delete("/models/traffic", operation_id="stopSharingTraffic", status_code=204, responses=answers())
def stop_sharing(caller: CurrentCaller, services: CurrentServices, task: OfTask) -> None:
    """Let the active version answer everybody again."""
    service.stop_sharing(services, caller, task)


@router.post("/models/rollback", operation_id="rollBackModel", responses=answers(Conflict, *DAMAGED))
def roll_back(caller: CurrentCaller, services: CurrentServices, asked: Rollback) -> ModelVersion:
    """Make the version answer that did before the active one; done again, it goes one further back."""
    return _short(service.roll_back(services, caller, asked.task))


@router.get("/models/{version_id:int}", operation_id="getModel", responses=answers(NotFound))
def model(caller: CurrentCaller, services: CurrentServices, version_id: Id) -> ModelDetails:
    """One version with its figures and where it comes from."""
    return ModelDetails.model_validate(dict(_row(services, caller, version_id)._mapping))


@router.get(
    "/models/{version_id:int}/card",
    operation_id="getModelCard",
    response_class=Response,
    responses=answers(NotFound, *DAMAGED)
    | {200: {"description": "Markdown.", "content": {"text/markdown": {"schema": {"type": "string"}}}}},
)
def card(caller: CurrentCaller, services: CurrentServices, version_id: Id) -> Response:
    """What the version is for, how good it is and for whom, and its limits, in Markdown."""
    row = _row(services, caller, version_id)
    return Response(artifact.card(services.shelf.folder, row.version, row.hash), media_type="text/markdown")


@router.get(
    "/models/{version_id:int}/artifact",
    operation_id="getModelArtifact",
    response_class=Response,
    responses=answers(NotFound, *DAMAGED)
    | {
        200: {
            "description": "The version's folder as a zip.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def download(caller: CurrentCaller, services: CurrentServices, version_id: Id) -> Response:
    """The version's files as a zip, each checked against its hash; unpacked, `fedcare models import` takes it."""
    row = _row(services, caller, version_id, "models.download")
    packed = artifact.packed(services.shelf.folder, row.version, row.hash)
    named = {"Content-Disposition": f'attachment; filename="{row.version}.zip"'}
    return Response(packed, media_type="application/zip", headers=named)


@router.post("/models/{version_id:int}/activate", operation_id="activateModel", responses=answers(NotFound, *DAMAGED))
def activate(caller: CurrentCaller, services: CurrentServices, version_id: Id) -> ModelVersion:
    """Make a version answer for its task, in every gateway within two seconds; a damaged one is refused."""
    return _short(service.activate(services, caller, version_id))


def _row(services: CurrentServices, caller: CurrentCaller, version_id: int, action: str | None = None) -> Any:
    with services.database.transaction(caller.scope) as tx:
        row = repository.one(tx, version_id)
        if row is None:
            raise NotFound(what="model version")
        if action:
            audit.record(tx, caller.origin, action, "model_version", version_id)
    return row


def _short(row: Any) -> ModelVersion:
    return ModelVersion.model_validate(dict(row._mapping))


def _answering(place: Place) -> Answering:
    task = place.ready.version.task if place.ready else None
    return Answering(
        task=place.task,
        title=task.title if task else None,
        kind=task.kind if task else None,
        unit=task.records.target.unit or None if task else None,
        features=sorted(place.ready.features) if place.ready else [],
        active=place.active,
        active_since=place.since,
        before=place.before,
        answering=place.ready.name if place.ready else None,
        fault=place.fault,
        challenger=place.challenger_name,
        challenger_fault=place.challenger_fault,
        fraction=place.fraction,
        sharing_since=place.sharing_since,
    )


def _finite(figures: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if isinstance(value, int | float)}
