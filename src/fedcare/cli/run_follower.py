"""A run over real nodes in the live picture, read from the database, whoever carries it out and however often."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection, Row, select

from fedcare.cli.live import LiveView
from fedcare.db.database import Database, Scope
from fedcare.db.runs import ENDED
from fedcare.db.tables import institutions, round_metrics, run_events, training_plans, training_rounds, training_runs
from fedcare.errors import DatabaseUnavailable, NotFound, RunFailed
from fedcare.plan import TrainingPlan
from fedcare.tasks.spec import Task

LOOK_SECONDS = 0.5


class RunFollower:
    """Looks twice a second and shows what is new; a context manager, so that the terminal is left in order."""

    def __init__(self, database: Database, run: UUID, quiet: bool) -> None:
        self._database, self._run, self._view = database, run, LiveView(quiet=quiet)
        self._round = self._event = 0
        self._has_begun = self._has_waited = False

    def __enter__(self) -> Self:
        self._view.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._view.__exit__(kind, error, at)

    def follow(self) -> dict[str, Any]:
        """Until the run has ended; what came of it. Raises RunFailed where that is no model, and NotFound."""
        while True:
            try:
                row = self._look()
            except DatabaseUnavailable:  # The run goes on without it, and so does this.
                time.sleep(LOOK_SECONDS)
                continue
            if row.status in ENDED:
                return self._ended(row)
            time.sleep(LOOK_SECONDS)

    def leave(self) -> None:
        """Say how to come back, and how to stop what goes on."""
        self._view.stop()
        self._view.note("the run goes on without this command")
        self._view.note(f"see it again with `fedcare train --follow {self._run}`")
        self._view.note(f"stop it with `fedcare train --stop {self._run}`")

    def _look(self) -> Row[Any]:
        with self._database.transaction(Scope.of(None)) as tx:
            query = select(training_runs, training_plans.c.canonical).join(training_plans)
            row = tx.execute(query.where(training_runs.c.id == self._run)).one_or_none()
            if row is None:
                raise NotFound(what="run")
            if row.status == "queued" and not self._has_waited:
                self._has_waited = True
                self._view.note(f"run {row.id} is queued; stop it with `fedcare train --stop {row.id}`")
            if row.status != "queued" and not self._has_begun:
                self._begin(tx, row)
            self._show_news(tx)
        return row

    def _begin(self, tx: Connection, row: Row[Any]) -> None:
        self._has_begun = True
        plan = TrainingPlan.model_validate_json(row.canonical)
        task = Task.model_validate(plan.task)
        names = list(tx.execute(select(institutions.c.name).order_by(institutions.c.name)).scalars())
        metric, unit = plan.selection.metric or task.deciding_metric, task.records.target.unit
        self._view.started(task.title, names, row.rounds, metric, unit)

    def _show_news(self, tx: Connection) -> None:
        events = select(run_events).where(run_events.c.run_id == self._run, run_events.c.id > self._event)
        for event in tx.execute(events.order_by(run_events.c.id)).all():
            self._event = event.id
            if event.kind == "note" and event.data.get("about") != "round" and "text" in event.data:
                self._view.note(event.data["text"])
        stood = (training_rounds.c.run_id == self._run, training_rounds.c.status == "completed")
        rounds = select(training_rounds).where(*stood, training_rounds.c.round_number > self._round)
        for record in tx.execute(rounds.order_by(training_rounds.c.round_number)).all():
            self._round = record.round_number
            self._view.round_finished(self._record(tx, record))

    def _record(self, tx: Connection, row: Row[Any]) -> dict[str, Any]:
        """A round as the view knows it from a simulation."""
        own = select(round_metrics, institutions.c.name).join(
            institutions, institutions.c.id == round_metrics.c.institution_id
        )
        mine = (round_metrics.c.run_id == self._run, round_metrics.c.round_number == row.round_number)
        each = tx.execute(own.where(*mine)).all()
        return {
            "round": row.round_number,
            "metrics": row.metrics,
            "seconds": row.seconds,
            "participants": {one.name: one.examples for one in each if not one.dropped},
            "dropped": {one.name: one.dropped for one in each if one.dropped},
            "institutions": {one.name: one.metrics for one in each},
        }

    def _ended(self, row: Row[Any]) -> dict[str, Any]:
        self._view.stop()
        if row.status != "completed":
            raise RunFailed(run=row.id, status=row.status, reason=row.reason or "no reason was given")
        decision = row.decision or {}
        self._view.note(f"model version: {row.version}")
        answers = "it answers from now on" if decision.get("activate") else "the active version stays"
        self._view.note("; ".join([answers, *decision.get("reasons", [])]))
        return {
            "run": str(row.id),
            "status": row.status,
            "version": row.version,
            "decision": decision,
            "rounds": row.rounds,
            "plan_hash": row.plan_hash,
            "attempts": row.attempts,
        }
