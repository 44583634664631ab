"""Plans and runs as all processes write them."""

import json

import pytest
from sqlalchemy import select, text

from fedcare.aggregation.planning import plan_of
from fedcare.db import runs
from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.tables import CONSORTIUM, run_events, training_plans, training_runs
from fedcare.tasks.registry import get


@pytest.fixture
def database(gateway_login):
    database = Database(gateway_login, pool_size=2)
    yield database
    database.close()


@pytest.fixture
def plan():
    return plan_of(get("insurance-cost"), 7)


def request(database, plan) -> object:
    with database.transaction(Scope(CONSORTIUM)) as tx:
        runs.keep_plan(tx, plan)
        return runs.request_run(tx, plan)


def seen(database, query):
    with database.transaction(Scope(CONSORTIUM)) as tx:
        return tx.execute(query).all()


def test_a_plan_is_kept_once_and_is_what_its_hash_says(database, plan):
    with database.transaction(Scope(CONSORTIUM)) as tx:
        assert runs.keep_plan(tx, plan)
        assert not runs.keep_plan(tx, plan)
        kept = tx.execute(select(training_plans)).one()
    assert (kept.hash, kept.canonical, kept.plan) == (plan.hash, plan.canonical(), json.loads(plan.canonical()))


def test_a_run_its_event_and_its_job_are_made_together_or_not_at_all(database, plan):
    run_id = request(database, plan)
    run = seen(database, select(training_runs))[0]
    assert (run.id, run.status, run.rounds, run.task) == (run_id, "queued", plan.rounds.rounds, "insurance-cost")
    assert [event.data for event in seen(database, select(run_events))] == [{"status": "queued"}]
    jobs = seen(database, text("select args, queue_name, status::text from procrastinate_jobs"))
    assert [tuple(job) for job in jobs] == [({"run_id": str(run_id)}, "training", "todo")]
    with pytest.raises(ZeroDivisionError), database.transaction(Scope(CONSORTIUM)) as tx:
        runs.request_run(tx, plan)
        raise ZeroDivisionError
    assert len(seen(database, text("select 1 from procrastinate_jobs"))) == 1


def test_a_status_is_told_when_it_changes_and_an_ended_run_stays_ended(database, plan):
    run_id = request(database, plan)
    for status, values, changed in [
        ("started", {"attempts": 1}, True),
        ("started", {"attempts": 1}, False),
        ("in_progress", {}, True),
        ("failed", {"reason": "too few"}, True),
        ("in_progress", {}, False),
        ("failed", {"reason": "too few"}, False),
        ("failed", {"version": "insurance-cost-1"}, True),
    ]:
        with database.transaction(Scope(CONSORTIUM)) as tx:
            assert runs.set_status(tx, runs.hold(tx, run_id), status, **values) is changed
    run = seen(database, select(training_runs))[0]
    assert run.started_at <= run.completed_at
    told = [event.data for event in seen(database, select(run_events).order_by(run_events.c.id))]
    assert [each["status"] for each in told] == ["queued", "started", "in_progress", "failed", "failed"]


def test_a_run_that_nobody_made_is_held_by_nobody(database):
    with database.transaction(Scope(CONSORTIUM)) as tx:
        assert runs.hold(tx, new_id()) is None
