"""One image: predicted for in memory, and then forgotten.

Neither the image nor anything of its file's header is stored or logged; the history keeps what the model said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from fedcare.data.sources.grey import UnusableImage
from fedcare.errors import BadImage, BadRequest, InvalidRequest, NotFound, UnsupportedMedia
from fedcare.gateway import idempotency
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer, Ticket, ticket_for
from fedcare.gateway.models.artifact import Ready
from fedcare.gateway.models.schemas import TaskName
from fedcare.gateway.predictions import repository, service, wording
from fedcare.gateway.problems import problems_of
from fedcare.gateway.services import Services
from fedcare.serving.dicom_view import view
from fedcare.serving.image_predictor import Seen

MULTIPART = "multipart/form-data"


class ImageFields(BaseModel):
    """What stands beside the image in the form, as text."""

    model_config = ConfigDict(extra="forbid")

    task: Annotated[TaskName, Field(examples=["cancer-imaging"])] = "cancer-imaging"
    patient_id: UUID | None = Field(default=None, description="A patient of your institution.")
    record: bool = Field(default=True, description="Keep the result in the history; never the image.")


class _InMemory(MultiPartParser):
    """Keeps what was sent in memory: the usual parser would put a large image into a file for a while."""

    spool_max_size = 2**62


class NoFields(BaseModel):
    """An image to be looked at stands alone."""

    model_config = ConfigDict(extra="forbid")


Fields = TypeVar("Fields", bound=BaseModel)


async def read_form(request: Request, fields: type[Fields]) -> tuple[bytes, Fields]:
    """The image's bytes and the fields of a multipart form; raises UnsupportedMedia, BadRequest, InvalidRequest."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MULTIPART:
        raise UnsupportedMedia(expected=f"{MULTIPART} with an image")
    parser = _InMemory(request.headers, request.stream(), max_files=1, max_fields=10)
    try:
        form = await parser.parse()
    except (MultiPartException, FormParserError) as error:
        raise BadRequest(reason="its body is not a multipart form with one file") from error
    try:
        return await _image_and_fields(form, fields)
    finally:
        await form.close()


async def _image_and_fields(form: FormData, fields: type[Fields]) -> tuple[bytes, Fields]:
    image = form.get("image")
    if not isinstance(image, UploadFile):
        raise InvalidRequest([{"field": "image", "problem": "send a PNG, JPEG or DICOM file in this part of the form"}])
    try:
        texts = {name: value for name, value in form.multi_items() if name != "image"}
        return await image.read(), fields.model_validate(texts)
    except ValidationError as error:
        raise InvalidRequest(problems_of(error)) from error


def ticket_of(request: Request, key: str | None, image: bytes, asked: ImageFields) -> Ticket | None:
    """Not of the body as it came: whoever sends a form again parts its fields with another text."""
    return ticket_for(request, key, to_json(asked) + image)


def predict_image(
    services: Services, caller: Caller, image: bytes, asked: ImageFields, ticket: Ticket | None = None
) -> Answer:
    """The fields of ``schemas.ImagePredictionAnswer``; ``ticket``: of a request that must be kept once.

    Raises BadImage, NotFound, NoActiveModel, UnusableModel, InvalidRequest, Conflict.
    """
    ready = services.shelf.pick(asked.task, lambda: asked.patient_id.bytes if asked.patient_id else image)
    if ready.features:
        raise InvalidRequest([{"field": "task", "problem": f"{asked.task} predicts from a record, not from an image"}])
    seen = ready.predictor.image(image)
    said = wording.said(ready, seen.prediction)
    ready.counted.inc()
    answer = {"id": None, "task": ready.task, "model_version": ready.name} | said
    if asked.record:
        with services.database.transaction(caller.scope) as tx:
            if before := idempotency.claim(tx, caller, ticket):
                return _again(before, ready, seen)
            if asked.patient_id is not None and repository.patient(tx, asked.patient_id) is None:
                raise NotFound(what="patient")
            answer["id"] = service.keep(tx, caller, ready, answer | {"explanation": None}, asked.patient_id, None)
            # Nothing of the image is kept here either: who asks again sends it again.
            idempotency.keep(tx, caller, ticket, _as_json(answer), asked.patient_id)
    return _as_json(answer | wording.seen(seen))


def view_image(image: bytes) -> dict[str, Any]:
    """The fields of ``schemas.ImageView``; raises BadImage. Nothing of it is kept, logged or counted."""
    try:
        return wording.viewed(view(image))
    except UnusableImage as problem:
        raise BadImage(reason=str(problem)) from problem


def _again(before: Answer, ready: Ready, seen: Seen) -> Answer:
    """What was answered, with the image that came once more; a heat map of another version would explain nothing."""
    held, shown = from_json(before.body), wording.seen(seen)
    if held["model_version"] != ready.name:
        shown["heat_map"] = None
    return replace(_as_json(held | shown), headers=before.headers)


def _as_json(answer: dict[str, Any]) -> Answer:
    return Answer(200, to_json(answer, inf_nan_mode="null").decode())
