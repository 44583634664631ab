"""Routes of predictions: one, many, an image, and their history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from fedcare.errors import BadImage, Conflict, InvalidRequest, NotFound
from fedcare.gateway.answers import answers
from fedcare.gateway.direct_route import DirectRoute
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.idempotency import KEY_PARAMETER, IdempotencyKey, sent_key, ticket_for
from fedcare.gateway.models.endpoints import ABSENT
from fedcare.gateway.models.schemas import TaskName, VersionName
from fedcare.gateway.predictions import history, service
from fedcare.gateway.predictions.batch import parse_rows, predict_and_keep_batch, predict_batch
from fedcare.gateway.predictions.imaging import (
    MULTIPART,
    ImageFields,
    NoFields,
    predict_image,
    read_form,
    ticket_of,
    view_image,
)
from fedcare.gateway.predictions.schemas.answers import ImagePredictionAnswer, ImageView, PredictionAnswer
from fedcare.gateway.predictions.schemas.batch import BatchAnswer
from fedcare.gateway.predictions.schemas.history import History, PastPrediction
from fedcare.gateway.predictions.schemas.requests import BatchRequest, OutcomeRequest, PredictionRequest
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute, read_body
from fedcare.gateway.types import Cursor, PageSize, from_cursor

router = APIRouter(tags=["predictions"], prefix="/predictions", route_class=StrictRoute)
quick = APIRouter(tags=["predictions"], prefix="/predictions", route_class=DirectRoute)
quick.routes = router.routes  # One list, in the order in which they are declared.


def _json_body(model: type[BaseModel]) -> dict[str, Any]:
    """For the OpenAPI document: the body of a route that reads it by hand."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def _form(fields: type[BaseModel]) -> dict[str, Any]:
    """The same for a multipart form of an image and these fields."""
    image = {"type": "string", "format": "binary", "description": "PNG, JPEG or DICOM."}
    properties = {"image": image} | fields.model_json_schema().get("properties", {})
    schema = {"type": "object", "required": ["image"], "additionalProperties": False, "properties": properties}
    return {"requestBody": {"required": True, "content": {MULTIPART: {"schema": schema}}}}


@quick.post(
    "",
    operation_id="predict",
    response_model=PredictionAnswer,
    responses=answers(NotFound, *ABSENT, Conflict),
    openapi_extra=_json_body(PredictionRequest) | {"parameters": [KEY_PARAMETER]},
)
async def predict(request: Request) -> Response:
    """Predict for a stored patient or for given features, with an interval and what each feature gave to it.

    With `explain` and `record` false and without a patient it is answered from memory, as fast as can be.
    """
    caller, services = request.state.caller, request.app.state.services
    asked = await read_body(request, PredictionRequest)
    if service.is_plain(asked):
        # On the event loop: it takes less time than handing it to a thread would.
        return _json(service.predict(services, caller, asked))
    ticket = ticket_for(request, sent_key(request), await request.body())
    answer = await run_in_threadpool(service.predict_with_database, services, caller, asked, ticket)
    return answer.response()


@quick.post(
    "/batch",
    operation_id="predictBatch",
    response_model=BatchAnswer,
    responses=answers(*ABSENT, Conflict),
    openapi_extra=_json_body(BatchRequest) | {"parameters": [KEY_PARAMETER]},
)
async def batch(request: Request) -> Response:
    """Predict for up to 10,000 records; one that cannot be read is named and costs the others nothing."""
    caller, services = request.state.caller, request.app.state.services
    asked = await read_body(request, BatchRequest, parse_rows)
    if not asked.record:
        return _json(await run_in_threadpool(predict_batch, services, caller, asked))
    ticket = ticket_for(request, sent_key(request), await request.body())
    answer = await run_in_threadpool(predict_and_keep_batch, services, caller, asked, ticket)
    return answer.response()


@router.post(
    "/imaging",
    operation_id="predictImage",
    response_model=ImagePredictionAnswer,
    responses=answers(NotFound, BadImage, *ABSENT, Conflict),
    openapi_extra=_form(ImageFields),
)
async def image(
    caller: CurrentCaller, services: CurrentServices, request: Request, key: IdempotencyKey = None
) -> Response:
    """Predict for a PNG, JPEG or DICOM image, with a heat map; the history keeps the result, never the image.

    With an `Idempotency-Key` the result is kept once; the image must come with the request each time.
    """
    content, asked = await read_form(request, ImageFields)
    ticket = ticket_of(request, key, content, asked)
    answer = await run_in_threadpool(predict_image, services, caller, content, asked, ticket)
    return answer.response()


@router.post(
    "/imaging/view",
    operation_id="viewImage",
    response_model=ImageView,
    responses=answers(BadImage),
    openapi_extra=_form(NoFields),
)
async def image_view(caller: CurrentCaller, request: Request) -> Response:
    """A DICOM image as grey values to be drawn, since browsers decode none. Nothing of it is kept or predicted."""
    content, _ = await read_form(request, NoFields)
    return _json(await run_in_threadpool(view_image, content))


@router.get("/history", operation_id="listPredictions", response_model=History, responses=answers())
def past_predictions(
    caller: CurrentCaller,
    services: CurrentServices,
    patient_id: Annotated[UUID | None, Query(description="Of one patient.")] = None,
    worker_id: Annotated[UUID | None, Query(description="Asked for by one worker.")] = None,
    task: Annotated[TaskName | None, Query()] = None,
    model_version: Annotated[VersionName | None, Query(description="A version's name.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Made at or after this time.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Made before this time.")] = None,
    cursor: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[PageSize, Query()] = 50,
) -> Response:
    """The institution's predictions, the latest first."""
    asked = {"patient_id": patient_id, "worker_id": worker_id, "task": task, "model_version": model_version}
    wanted: dict[str, object] = {name: value for name, value in asked.items() if value is not None}
    _check_times(since, until)
    return _json(history.page(services, caller, wanted, since, until, _place(cursor), limit))


@router.put(
    "/{prediction_id}/outcome",
    operation_id="recordOutcome",
    response_model=PastPrediction,
    responses=answers(NotFound),
)
def outcome(
    caller: CurrentCaller,
    services: CurrentServices,
    prediction_id: Annotated[UUID, Path(description="The prediction's id.")],
    asked: OutcomeRequest,
) -> Response:
    """Record what turned out to be true, by which versions are compared; sent again, it replaces the former."""
    return _json(history.record_outcome(services, caller, prediction_id, asked.outcome))


def _json(answer: dict[str, Any]) -> Response:
    return Response(to_json(answer, inf_nan_mode="null"), media_type="application/json")


def _place(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(from_cursor(cursor, str)[0])
    except ValueError:
        raise InvalidRequest([{"field": "cursor", "problem": "it is not one that this listing gave"}]) from None


def _check_times(*moments: datetime | None) -> None:
    """PostgreSQL's calendar is longer than Python's, but a zone may carry a time out of Python's."""
    for moment in moments:
        if moment is not None and not 1 < moment.year < 9999:
            raise InvalidRequest([{"field": "since", "problem": "the years 2 to 9998 can be asked for"}])
