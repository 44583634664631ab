"""Is it alive, can it serve, and how does it do?"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field
from sqlalchemy import QueuePool

from fedcare.db.database import Scope
from fedcare.db.jobs import worker_seen
from fedcare.errors import FedCareError
from fedcare.gateway.answers import answers
from fedcare.gateway.measures import POOL_IN_USE, POOL_SIZE
from fedcare.gateway.services import CurrentServices

router = APIRouter(tags=["monitoring"])
# Where Prometheus looks by itself: outside the API.
scraped = APIRouter(tags=["monitoring"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What a request needs: ``models`` are the tasks for which a version answers.

    ``faults`` say, by task, why its active version does not, and what to do; the one before may stand in for it.
    ``worker``: whether a coordinator's worker carries runs now, which a prediction does not need; ``worker_seen_at`` is
    when one was heard of last, None where it never was or has said goodbye.
    """

    ready: bool
    database: bool
    models: list[str]
    faults: dict[str, str] = Field(default_factory=dict)
    worker: bool = False
    worker_seen_at: datetime | None = None


@router.get("/health", operation_id="getHealth", responses=answers())
async def health() -> Health:
    """Liveness: it answers as long as the process does."""
    return Health()


@router.get("/health/ready", operation_id="getReadiness", responses=answers() | {503: {"model": Readiness}})
def ready(services: CurrentServices, response: Response) -> Readiness:
    """Readiness: the database answers and a model is active; 503 otherwise."""
    models = sorted(services.shelf.tasks())
    faults = {place.task: place.fault for place in services.shelf.places() if place.fault}
    found = Readiness(ready=False, database=False, models=models, faults=faults)
    with suppress(FedCareError), services.database.transaction(Scope(None)) as tx:
        found.worker_seen_at, found.worker = worker_seen(tx)
        found.database = True
    found.ready = found.database and bool(models)
    if not found.ready:
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return found


@scraped.get(
    "/metrics",
    operation_id="getMeasurements",
    response_class=PlainTextResponse,
    responses=answers() | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def measurements(services: CurrentServices) -> Response:
    """Measurements of this process in Prometheus' text format."""
    pool = services.database.engine.pool
    assert isinstance(pool, QueuePool)
    POOL_IN_USE.set(pool.checkedout())
    POOL_SIZE.set(pool.size())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
