"""Asking for runs and stopping them; reading how they went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from fedcare.db import audit
from fedcare.db.database import Database
from fedcare.db.runs import ENDED, hold, request_run, set_status
from fedcare.errors import Conflict, NotFound
from fedcare.gateway import idempotency
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer, Ticket
from fedcare.gateway.plans.recipe import RecipeOrPlan, kept_plan
from fedcare.gateway.services import Services
from fedcare.gateway.training import repository
from fedcare.gateway.training.schemas import OwnFigures, Round, Run

WHAT = "run"
_RUN_COLUMNS = tuple(Run.model_fields)


def request(services: Services, caller: Caller, asked: RecipeOrPlan, ticket: Ticket | None) -> Answer:
    """Queue a run; the same request with its key is one run."""
    recipe = asked.recipe()
    planned = recipe.plan() if recipe else None
    with services.database.transaction(caller.scope) as tx:
        before = idempotency.claim(tx, caller, ticket)
        if before is not None:
            return before
        plan = kept_plan(tx, services.config.home, asked, planned, caller.worker_id)
        run_id = request_run(tx, plan, requested_by=caller.worker_id)
        body = known(tx, run_id).model_dump_json()
        answer = Answer(201, body, {"Location": f"/api/training/runs/{run_id}"})
        idempotency.keep(tx, caller, ticket, answer)
        audit.record(tx, caller.origin, "runs.request", WHAT, run_id)
    return answer


def stop(database: Database, caller: Caller, run_id: UUID) -> Run:
    """Let a run end before its last round; one that has not begun never does. Raises NotFound, Conflict."""
    with database.transaction(caller.scope) as tx:
        held = hold(tx, run_id)
        if held is None:
            raise NotFound(what=WHAT)
        if held.status in ENDED:
            raise Conflict(reason="The run has ended already.")
        if held.status == "queued":
            set_status(tx, held, "stopped", stop_requested=True, reason="It was stopped before it began.")
        else:
            set_status(tx, held, held.status, stop_requested=True)
        if not held.stop_requested:
            audit.record(tx, caller.origin, "runs.stop", WHAT, run_id)
        return known(tx, run_id)


def known(tx: Connection, run_id: UUID) -> Run:
    """A run by its id; raises NotFound."""
    row = repository.one(tx, run_id)
    if row is None:
        raise NotFound(what=WHAT)
    return run_of(row)


def run_of(row: Row[Any]) -> Run:
    """A run's row as it is told."""
    return Run.model_validate({name: row._mapping[name] for name in _RUN_COLUMNS})


def rounds_of(tx: Connection, rows: Sequence[Row[Any]]) -> list[Round]:
    """Rounds with what the transaction may see of the institutions' own figures."""
    figures = repository.figures(tx, rows)
    return [_round(row, figures[row.run_id, row.round_number]) for row in rows]


def _round(row: Row[Any], figures: Sequence[Row[Any]]) -> Round:
    own = [
        OwnFigures(
            institution_id=each.institution_id,
            institution=each.institution,
            examples=each.examples,
            metrics=each.metrics,
            seconds=each.seconds,
            dropped=each.dropped,
            epsilon=each.epsilon,
        )
        for each in figures
    ]
    values = {name: value for name, value in row._mapping.items() if name in Round.model_fields}
    return Round(**values, round=row.round_number, institutions=own)
