"""The budget lies in the institution's database: reserved once a run, charged before each answer, never overspent."""

import multiprocessing

import pytest

from fedcare.db import privacy
from fedcare.errors import BudgetSpent, DatabaseUnavailable
from fedcare.federation.node.ledger import NodeLedger, cost_of
from fedcare.privacy.accounting import epsilon
from fedcare.privacy.ledger import Budget
from fedcare.privacy.planned import planned_uses, uses_of

DELTA = 1e-5


@pytest.fixture
def private(plan):
    """A private plan of two rounds in which every step takes all rows, so that composing is quick."""

    def make(epsilon=0.9, **more):
        return plan(privacy__dp__enabled=True, privacy__dp__epsilon=epsilon, full_batch=True, **more)

    return make


@pytest.fixture
def store(store_of):
    return store_of("Hospital L")


def ledger(store, plan, run="run-1"):
    return NodeLedger(store, privacy.Run(run, plan.hash, plan.task_name))


def rows(store):
    with store.transaction() as tx:
        return list(reversed(privacy.page(tx, None, None, 1000)))


def spent(store):
    with store.transaction() as tx:
        return privacy.account(tx).spent(privacy.budget(tx).delta)


def set_budget(store, *budget):
    with store.transaction() as tx:
        privacy.set_budget(tx, store.institution_id, Budget(*budget))


def test_every_institution_starts_with_an_epsilon_of_one(store):
    with store.transaction() as tx:
        assert privacy.budget(tx) == Budget(epsilon=1.0, delta=1e-5, private_only=False)


def test_a_run_is_reserved_once_whoever_opens_it_again(store, private):
    made = private()
    ledger(store, made).open(made)
    ledger(store, made).open(made)
    (row,) = rows(store)
    assert (row.kind, row.run, row.plan_hash, row.task) == ("reserved", "run-1", made.hash, "insurance-cost")
    assert row.epsilon == pytest.approx(epsilon(planned_uses(made), DELTA))
    assert row.epsilon <= 0.9


def test_each_answer_is_a_row_and_costs_nothing_beyond_the_reservation(store, private):
    made = private()
    here = ledger(store, made)
    here.open(made)
    for number in (1, 2):
        here.charge("update", number, uses_of(made, "update"))
    assert [(row.kind, row.what, row.round) for row in rows(store)[1:]] == [
        ("begun", "update", 1),
        ("begun", "update", 2),
    ]
    assert {row.epsilon for row in rows(store)} == {spent(store)}
    assert here.charges == 2


def test_a_run_beyond_what_is_left_is_refused_and_nothing_is_written(store, private):
    first, second = private(), private(seed=7)
    ledger(store, first).open(first)
    with pytest.raises(BudgetSpent) as refusal:
        ledger(store, second, "run-2").open(second)
    assert refusal.value.details["left"] == pytest.approx(1.0 - spent(store))
    assert len(rows(store)) == 1


def test_the_same_plan_in_another_run_is_charged_again(store, private):
    made = private(0.5)
    ledger(store, made).open(made)
    ledger(store, made, "run-2").open(made)
    assert spent(store) > 0.6


def test_a_run_that_says_another_plan_under_an_old_name_reserves_for_itself(store, private):
    first, second = private(0.5), private(0.5, seed=7)
    ledger(store, first).open(first)
    ledger(store, second).open(second)
    assert [row.kind for row in rows(store)] == ["reserved", "reserved"]


def test_a_raised_budget_lets_the_run_in(store, private):
    made = private(3.0)
    with pytest.raises(BudgetSpent):
        ledger(store, made).open(made)
    set_budget(store, 3.0, DELTA)
    ledger(store, made).open(made)
    assert spent(store) <= 3.0


def test_a_run_is_judged_at_the_institutions_own_delta(store, private):
    made = private(0.9)
    set_budget(store, 1.0, 1e-9)
    with pytest.raises(BudgetSpent):
        ledger(store, made).open(made)
    assert cost_of(made, 1e-9) > 1.0 > cost_of(made, DELTA)


def test_a_run_without_differential_privacy_is_noted_once_and_blocks_nothing(store, plan, private):
    here = ledger(store, plan())
    here.open(plan())
    here.open(plan())
    (row,) = rows(store)
    assert (row.kind, row.epsilon) == ("unbounded", 0.0)
    assert cost_of(plan(), DELTA) == float("inf")
    ledger(store, private(), "run-2").open(private())


def test_without_the_database_nothing_is_charged_and_nothing_reserved(store, private, monkeypatch):
    def away(*args):
        raise DatabaseUnavailable()

    made = private()
    here = ledger(store, made)
    here.open(made)
    monkeypatch.setattr(store.database, "transaction", away)
    with pytest.raises(DatabaseUnavailable):
        here.charge("update", 1, uses_of(made, "update"))
    with pytest.raises(DatabaseUnavailable):
        ledger(store, made, "run-2").open(made)
    monkeypatch.undo()
    assert [row.kind for row in rows(store)] == ["reserved"]
    assert here.charges == 0


def _open_at_once(url, institution, canonical, run, ready, told):
    from fedcare.db.database import Database
    from fedcare.federation.node.store import NodeStore
    from fedcare.plan import TrainingPlan

    plan, pool = TrainingPlan.model_validate_json(canonical), Database(url, pool_size=1)
    here = NodeLedger(NodeStore(pool, institution), privacy.Run(run, plan.hash, plan.task_name))
    planned_uses(plan)
    ready.wait()
    try:
        here.open(plan)
        told.put("opened")
    except BudgetSpent:
        told.put("refused")
    pool.close()


def test_two_processes_cannot_both_take_the_last_of_it(store, private, gateway_login):
    context = multiprocessing.get_context("spawn")
    ready, told = context.Barrier(2), context.Queue()
    made = private(0.9).canonical()
    where = (gateway_login, store.institution)
    workers = [
        context.Process(target=_open_at_once, args=(*where, made, f"run-{number}", ready, told)) for number in range(2)
    ]
    for worker in workers:
        worker.start()
    found = sorted(told.get(timeout=300) for _ in workers)
    for worker in workers:
        worker.join()
    assert found == ["opened", "refused"]
    assert [row.kind for row in rows(store)] == ["reserved"]
    assert spent(store) <= 1.0


def test_rows_are_numbered_without_a_gap_and_the_account_read_back_is_the_same(store, private):
    made = private()
    here = ledger(store, made)
    here.open(made)
    for number in (1, 2):
        here.charge("update", number, uses_of(made, "update"))
    with store.transaction() as tx:
        privacy.write(tx, store.institution_id, privacy.Run("run-1", made.hash, made.task_name), "settled")
    assert [row.seq for row in rows(store)] == [1, 2, 3, 4]
    assert spent(store) == pytest.approx(epsilon([*uses_of(made, "update"), *uses_of(made, "update")], DELTA))
    assert rows(store)[-1].epsilon == pytest.approx(spent(store))
