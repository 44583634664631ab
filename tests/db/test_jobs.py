"""A run and its job are stored together, and the application's role alone suffices for both."""

import asyncio
import json

import pytest
from sqlalchemy import text

from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.jobs import LOCK, QUEUE, TASK, application, queue_run


@pytest.fixture
def database(gateway_login):
    """The queue's database as the gateway sees it."""
    pool = Database(gateway_login, pool_size=1)
    yield pool
    pool.close()


def jobs(database):
    with database.transaction(Scope.of(None)) as tx:
        rows = tx.execute(text("select queue_name, task_name, lock, args, status::text from procrastinate_jobs")).all()
    return [tuple(row) for row in rows]


def test_a_job_is_queued_in_the_callers_transaction(database):
    run = new_id()
    with database.transaction(Scope.of(None)) as tx:
        queue_run(tx, run)
    assert jobs(database) == [(QUEUE, TASK, LOCK, {"run_id": str(run)}, "todo")]


def test_a_job_goes_with_the_transaction_that_fails(database):
    def queue_and_fail():
        with database.transaction(Scope.of(None)) as tx:
            queue_run(tx, new_id())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        queue_and_fail()
    assert jobs(database) == []


def test_a_worker_takes_jobs_one_at_a_time_in_their_order(database, gateway_login):
    runs, worked = [new_id(), new_id()], []
    with database.transaction(Scope.of(None)) as tx:
        for run in runs:
            queue_run(tx, run)
    app = application(gateway_login)

    @app.task(name=TASK, queue=QUEUE)
    async def work(run_id: str) -> None:
        with database.transaction(Scope.of(None)) as tx:
            doing = "select args ->> 'run_id' from procrastinate_jobs where status = 'doing'"
            worked.append((run_id, json.dumps(tx.execute(text(doing)).scalars().all())))

    async def drain():
        async with app.open_async():
            # A worker that does not wait may find no job that it may take while one is being done, and go.
            while len(worked) < len(runs):
                await app.run_worker_async(queues=[QUEUE], wait=False, concurrency=3, install_signal_handlers=False)

    asyncio.run(asyncio.wait_for(drain(), 120))
    assert worked == [(str(run), json.dumps([str(run)])) for run in runs]
