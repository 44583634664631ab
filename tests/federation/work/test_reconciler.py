"""A run that has not ended is never left alone: whatever died, it is queued again, or ends with a reason."""

import pytest
from sqlalchemy import select, text, update

from fedcare.db.database import Scope
from fedcare.db.tables import training_runs
from fedcare.federation.run.place import RunPlace
from fedcare.federation.work.in_hand import InHand
from fedcare.federation.work.reconciler import Reconciler

ALL = Scope.of(None)


def jobs(database):
    with database.transaction(ALL) as tx:
        return list(tx.execute(text("select status::text from procrastinate_jobs order by id")).scalars())


def change(database, statement, **values):
    with database.transaction(ALL) as tx:
        tx.execute(text(statement) if isinstance(statement, str) else statement, values)


def status(database, run):
    with database.transaction(ALL) as tx:
        return tx.execute(select(training_runs.c.status).where(training_runs.c.id == run)).scalar_one()


@pytest.fixture
def in_hand():
    return InHand()


@pytest.fixture
def reconciler(database, tmp_path, in_hand):
    return Reconciler(database, tmp_path, in_hand)


DOING = "update procrastinate_jobs set status = 'doing'"


def test_a_run_with_its_job_in_the_queue_is_left_as_it_is(database, reconciler, run):
    reconciler.sweep()
    assert jobs(database) == ["todo"]


def test_a_dead_workers_job_is_queued_again_at_the_next_workers_start(database, reconciler, run):
    change(database, DOING)
    reconciler.sweep(at_start=True)
    assert jobs(database) == ["todo"]


def test_beside_a_worker_a_job_is_put_back_only_when_it_is_nobodys_twice(database, reconciler, in_hand, run):
    change(database, DOING)
    with database.transaction(ALL) as tx:
        job = tx.execute(text("select id from procrastinate_jobs")).scalar_one()
    with in_hand.taking(job, run):
        reconciler.sweep()
        reconciler.sweep()
        assert jobs(database) == ["doing"]
    reconciler.sweep()
    assert jobs(database) == ["doing"]
    reconciler.sweep()
    assert jobs(database) == ["todo"]


@pytest.mark.parametrize("where", ["queued", "started", "in_progress"])
def test_a_run_without_a_job_and_without_an_owner_is_queued_again(database, reconciler, run, where):
    change(database, "delete from procrastinate_jobs")
    change(database, update(training_runs).values(status=where))
    reconciler.sweep()
    assert jobs(database) == ["todo"]


def test_a_run_that_a_live_process_owns_is_left_to_it(database, reconciler, run, tmp_path):
    change(database, "delete from procrastinate_jobs")
    with RunPlace(tmp_path, str(run)).owned() as ours:
        assert ours
        reconciler.sweep()
        assert jobs(database) == []
    reconciler.sweep()
    assert jobs(database) == ["todo"]


def test_an_ended_run_is_not_begun_again(database, reconciler, run):
    change(database, "delete from procrastinate_jobs")
    change(database, update(training_runs).values(status="completed", completed_at=text("now()")))
    reconciler.sweep()
    assert jobs(database) == []


def test_a_queued_run_that_was_to_stop_ends_with_a_reason(database, reconciler, run):
    change(database, update(training_runs).values(stop_requested=True))
    reconciler.sweep()
    assert status(database, run) == "stopped"
