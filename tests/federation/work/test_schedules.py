"""Runs start by themselves at their time or for their records, never beyond their budget, never beside one another."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, text, update

from fedcare.db.database import Scope
from fedcare.db.tables import clients, institutions, training_runs, training_schedules
from fedcare.federation.work.schedules import Schedules

ALL = Scope.of(None)


@pytest.fixture
def schedules(database, tmp_path):
    return Schedules(database, tmp_path)


@pytest.fixture
def schedule(database, plan):
    def make(**values):
        with database.transaction(ALL) as tx:
            adding = insert(training_schedules).values(plan_hash=plan.hash, **values)
            return tx.execute(adding.returning(training_schedules.c.id)).scalar_one()

    return make


@pytest.fixture
def count(database):
    """Tells how many records an institution's node counts."""
    with database.transaction(ALL) as tx:
        place = tx.execute(insert(institutions).values(name="A").returning(institutions.c.id)).scalar_one()

    def say(records):
        with database.transaction(Scope.of(place)) as tx:
            tx.execute(text("delete from clients"))
            row = {"institution_id": place, "node_id": "1", "task": "insurance-cost", "records": records}
            tx.execute(insert(clients).values(**row))

    return say


def end_runs(database):
    with database.transaction(ALL) as tx:
        tx.execute(update(training_runs).values(status="completed", completed_at=text("now()")))


def causes(database):
    with database.transaction(ALL) as tx:
        return list(tx.execute(select(training_runs.c.cause).order_by(training_runs.c.id)).scalars())


def test_a_run_starts_at_each_time_of_its_cron_and_only_once(database, schedules, schedule):
    schedule(cron="0 * * * *")
    now = datetime.now(UTC)
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert schedules.start_due(hour - timedelta(seconds=1)) == 0
    assert schedules.start_due(hour + timedelta(seconds=1)) == 1
    assert schedules.start_due(hour + timedelta(minutes=1)) == 0
    end_runs(database)
    assert schedules.start_due(hour + timedelta(minutes=59)) == 0
    assert schedules.start_due(hour + timedelta(minutes=61)) == 1
    assert causes(database) == ["cron", "cron"]


def test_times_that_were_missed_are_made_up_for_by_one_run(database, schedules, schedule):
    schedule(cron="* * * * *")
    assert schedules.start_due(datetime.now(UTC) + timedelta(days=3)) == 1
    end_runs(database)
    assert schedules.start_due(datetime.now(UTC) + timedelta(days=3, seconds=1)) == 0


def test_a_run_starts_once_enough_records_have_come_since_the_last(database, schedules, schedule, count):
    count(100)
    schedule(new_records=50)
    assert [schedules.start_due(), schedules.start_due()] == [0, 0]
    count(149)
    assert schedules.start_due() == 0
    count(150)
    assert schedules.start_due() == 1
    end_runs(database)
    count(199)
    assert schedules.start_due() == 0
    count(201)
    assert schedules.start_due() == 1
    assert causes(database) == ["new records"] * 2


def test_no_run_starts_while_the_last_one_has_not_ended(database, schedules, schedule):
    schedule(cron="* * * * *")
    later = datetime.now(UTC) + timedelta(hours=1)
    assert schedules.start_due(later) == 1
    assert schedules.start_due(later + timedelta(hours=1)) == 0


def test_a_budget_is_never_overspent_and_a_disabled_schedule_rests(database, schedules, schedule):
    schedule(cron="* * * * *", runs_left=2)
    schedule(cron="* * * * *", is_enabled=False)
    now = datetime.now(UTC)
    started = []
    for day in range(1, 5):
        started.append(schedules.start_due(now + timedelta(days=day)))
        end_runs(database)
    assert started == [1, 1, 0, 0]


def test_every_institution_is_told_the_plan(schedules, schedule, plan, tmp_path):
    from fedcare.trust.bulletin import open_plans

    schedule(cron="* * * * *")
    schedules.start_due(datetime.now(UTC) + timedelta(hours=1))
    assert [each["hash"] for each in open_plans(tmp_path / "consortium")] == [plan.hash]
