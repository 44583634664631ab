"""Runs, rounds, figures and nodes."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse
from pydantic import StringConstraints
from starlette.concurrency import run_in_threadpool

from fedcare.errors import Conflict, InvalidRequest, NotFound
from fedcare.gateway.answers import answers
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.idempotency import CurrentTicket
from fedcare.gateway.models.schemas import TaskName
from fedcare.gateway.plans.endpoints import PLANNING
from fedcare.gateway.plans.recipe import RecipeOrPlan
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute
from fedcare.gateway.training import repository, service
from fedcare.gateway.training.schemas import (
    Client,
    Clients,
    CurrentRound,
    Offset,
    Round,
    RoundPage,
    Run,
    RunDetails,
    RunPage,
    RunStatus,
)
from fedcare.gateway.training.tasks import KnownTasks, known_tasks
from fedcare.gateway.training.watching import look, stream
from fedcare.gateway.types import Cursor, PageSize, Says, from_cursor, to_cursor

router = APIRouter(tags=["training"], route_class=StrictRoute)

MOST_ROUNDS = 1000
NOTHING_YET: dict[int | str, dict[str, Any]] = {204: {"description": "There is nothing yet."}}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `run`, `round`, `metrics` and notes, each with JSON; `end` after the last.",
        "content": {
            "text/event-stream": {
                "schema": {
                    "type": "object",
                    "description": "One event; the stream is any number of them.",
                    "properties": {name: {"type": "string"} for name in ("id", "event", "data", "retry")},
                },
                "example": {
                    "event": "run",
                    "data": '{"status": "started", "at": "2026-11-22T08:00:01+00:00"}',
                    "id": "17",
                },
            }
        },
    },
    204: {"description": "The run has ended and there is no more: do not come back."},
}
_EventId = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{1,18}$"), Says("it must be an event's number, as the stream gave it")
]
LastEventId = Annotated[
    _EventId | None,
    Header(
        alias="Last-Event-ID",
        description="The last event that was seen: the stream goes on after it.",
        examples=["17"],
    ),
]


@router.post(
    "/training/runs",
    operation_id="requestRun",
    status_code=201,
    response_model=Run,
    responses=answers(NotFound, Conflict, *PLANNING),
)
def request_run(
    body: RecipeOrPlan, caller: CurrentCaller, services: CurrentServices, ticket: CurrentTicket
) -> Response:
    """Queue a run of a task with settings, or of a plan; one run is worked on at a time."""
    return service.request(services, caller, body, ticket).response()


@router.get("/training/tasks", operation_id="listTasks", responses=answers())
def list_tasks() -> KnownTasks:
    """What this server knows to train, and how updates may be joined."""
    return known_tasks()


@router.get("/training/runs", operation_id="listRuns", responses=answers())
def list_runs(
    caller: CurrentCaller,
    services: CurrentServices,
    task: TaskName | None = None,
    status: RunStatus | None = None,
    cursor: Cursor | None = None,
    limit: PageSize = 50,
) -> RunPage:
    """Runs, the newest first."""
    before = _run_id(cursor) if cursor else None
    with services.database.transaction(caller.scope) as tx:
        rows = repository.page(tx, task, status, before, limit + 1)
    items = [service.run_of(row) for row in rows[:limit]]
    return RunPage(items=items, next=to_cursor([items[-1].id]) if len(rows) > limit else None)


@router.get("/training/runs/{run_id}", operation_id="getRun", responses=answers(NotFound))
def get_run(run_id: UUID, caller: CurrentCaller, services: CurrentServices) -> RunDetails:
    """A run and how its rounds went."""
    with services.database.transaction(caller.scope) as tx:
        run = service.known(tx, run_id)
        history = service.rounds_of(tx, repository.rounds_of(tx, run_id, MOST_ROUNDS))
    return RunDetails(**dict(run), history=history)


@router.post("/training/runs/{run_id}/stop", operation_id="stopRun", responses=answers(NotFound, Conflict))
def stop_run(run_id: UUID, caller: CurrentCaller, services: CurrentServices) -> Run:
    """Let a run end before its last round; it makes no version."""
    return service.stop(services.database, caller, run_id)


@router.get(
    "/training/runs/{run_id}/events",
    operation_id="watchRun",
    # With a class for events FastAPI would take the endpoint for a generator, which can answer no 404.
    response_class=Response,
    responses=answers(NotFound) | _STREAM,
)
async def watch_run(
    run_id: UUID, _: CurrentCaller, services: CurrentServices, request: Request, seen: LastEventId = None
) -> Response:
    """What happened in a run, and what happens, as it does."""
    after = int(seen or 0)
    events, ended = await run_in_threadpool(look, services.database, run_id, after)
    if ended and not events and seen is not None:
        return Response(status_code=204)
    return EventSourceResponse(stream(services, request, run_id, after))


@router.get(
    "/rounds/current", operation_id="getCurrentRound", response_model=CurrentRound, responses=answers() | NOTHING_YET
)
def current_round(caller: CurrentCaller, services: CurrentServices) -> CurrentRound | Response:
    """The run in progress, or else the newest, with its latest round."""
    with services.database.transaction(caller.scope) as tx:
        row = repository.current(tx)
        if row is None:
            return Response(status_code=204)
        rounds = service.rounds_of(tx, repository.rounds_of(tx, row.id, 1))
    return CurrentRound(run=service.run_of(row), round=rounds[0] if rounds else None)


@router.get("/metrics/latest", operation_id="getLatestMetrics", response_model=Round, responses=answers() | NOTHING_YET)
def latest_metrics(caller: CurrentCaller, services: CurrentServices, task: TaskName | None = None) -> Round | Response:
    """The figures of the round that was completed last."""
    with services.database.transaction(caller.scope) as tx:
        rounds = service.rounds_of(tx, repository.finished(tx, task, None, 1, 0))
    return rounds[0] if rounds else Response(status_code=204)


@router.get("/metrics/history", operation_id="listMetrics", responses=answers())
def metrics_history(
    caller: CurrentCaller,
    services: CurrentServices,
    task: TaskName | None = None,
    run_id: Annotated[UUID | None, Query(description="Of one run alone.")] = None,
    limit: PageSize = 50,
    offset: Offset = 0,
) -> RoundPage:
    """The figures of completed rounds, the newest first."""
    with services.database.transaction(caller.scope) as tx:
        items = service.rounds_of(tx, repository.finished(tx, task, run_id, limit, offset))
        return RoundPage(items=items, total=repository.count_finished(tx, task, run_id))


@router.get("/clients", operation_id="listClients", responses=answers())
def list_clients(caller: CurrentCaller, services: CurrentServices) -> Clients:
    """One's institution's node; for the consortium every node that was ever seen."""
    with services.database.transaction(caller.scope) as tx:
        rows = repository.nodes(tx)
    return Clients(items=[Client.model_validate(dict(row._mapping)) for row in rows])


def _run_id(cursor: str) -> UUID:
    try:
        return UUID(from_cursor(cursor, str)[0])
    except ValueError:
        raise InvalidRequest([{"field": "cursor", "problem": "it is not one that this listing gave"}]) from None
