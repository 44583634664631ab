"""The queue of training runs: put into it in the transaction that makes the run, worked on one at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.sql import queries
from procrastinate.tasks import configure_task
from sqlalchemy import Connection, text

from fedcare.db.migrations.policies import APPLICATION
from fedcare.db.urls import without_driver

QUEUE = "training"
TASK = "fedcare.training"
"""The queue's one kind of job; its argument ``run_id`` names a row of ``training_runs``."""
# One run at a time: two would share the nodes' processors, and Flower's task identity is global to a process.
LOCK = "training"
# A worker writes its heartbeat every ten seconds; one that is this late is gone, or its machine is.
ALIVE_SECONDS = 60


def queue_run(tx: Connection, run_id: UUID) -> int:
    """Queue a run inside the caller's transaction: the run and its job are stored together or not at all.

    Returns the job's id. Raises nothing of its own: a second job for a run that has one finds nothing left to do.
    """
    job = configure_task(
        name=TASK,
        job_manager=_unopened().job_manager,
        queue=QUEUE,
        lock=LOCK,
        task_kwargs={"run_id": str(run_id)},
        connection=_driver(tx),
    )
    return int(job.defer())


def application(url: str) -> App:
    """The queue as its worker opens it, acting as the application's role whatever login ``url`` names."""
    options = f"-c role={APPLICATION} -c timezone=UTC -c application_name=fedcare-worker"
    kwargs: dict[str, Any] = {"options": options, "connect_timeout": 5}
    return App(connector=PsycopgConnector(conninfo=without_driver(url), kwargs=kwargs, min_size=1, max_size=3))


def being_done(tx: Connection) -> set[int]:
    """Ids of the jobs that a worker has taken and not finished, as far as the database knows."""
    query = text("select id from procrastinate_jobs where queue_name = :queue and status = 'doing'")
    return set(tx.execute(query, {"queue": QUEUE}).scalars())


def is_queued(tx: Connection, run_id: UUID) -> bool:
    """Whether a job of this run waits or is being done."""
    query = "select 1 from procrastinate_jobs where status in ('todo', 'doing') and args ->> 'run_id' = :run limit 1"
    return tx.execute(text(query), {"run": str(run_id)}).first() is not None


def worker_seen(tx: Connection) -> tuple[datetime | None, bool]:
    """When a worker was heard of last, None where it said goodbye or never came; and whether one is at work now."""
    query = """
        select max(last_heartbeat), coalesce(max(last_heartbeat) > now() - make_interval(secs => :late), false)
        from procrastinate_workers
    """
    seen, alive = tx.execute(text(query), {"late": ALIVE_SECONDS}).one()
    return seen, alive


def put_back(tx: Connection, job_id: int) -> None:
    """Queue a job again whose worker died; it keeps its place before later ones."""
    nothing_else = {"new_priority": None, "new_queue_name": None, "new_lock": None}
    arguments = {"job_id": job_id, "retry_at": datetime.now(UTC), **nothing_else}
    _driver(tx).execute(queries["retry_job"], arguments)


def _driver(tx: Connection) -> psycopg.Connection:
    driver = tx.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _unopened() -> App:
    """An application without connections of its own: every statement goes through the caller's."""
    return App(connector=PsycopgConnector())
