"""What a budget allows: reservations, releases beyond them, settlements, and that nothing overspends it."""

import pytest

from fedcare.errors import BudgetSpent
from fedcare.privacy.accounting import Use, epsilon
from fedcare.privacy.ledger import Account, Budget, Entry, MemoryLedger

DELTA = 1e-5
STEP = Use(10.0)
ROUNDS = 10
PLANNED = (Use(10.0, steps=ROUNDS),)
COST = epsilon(PLANNED, DELTA)
EXACT = Budget(COST, DELTA)


def reserved(run, *uses):
    return Entry(run, "reserved", uses or PLANNED)


def begun(run, *uses):
    return Entry(run, "begun", uses or (STEP,))


def test_a_run_costs_what_its_plan_releases_and_working_on_it_costs_no_more():
    account = Account()
    assert account.admit(reserved("a"), EXACT) == pytest.approx(COST)
    for _ in range(ROUNDS):
        assert account.admit(begun("a"), EXACT) == pytest.approx(COST)


def test_an_answer_made_again_with_fresh_noise_is_charged_beyond_the_plan():
    account = Account([reserved("a")])
    for _ in range(ROUNDS):
        account.admit(begun("a"), EXACT)
    with pytest.raises(BudgetSpent):
        account.admit(begun("a"), EXACT)
    wider = Budget(2 * COST, DELTA)
    assert account.admit(begun("a"), wider) == pytest.approx(epsilon([Use(10.0, steps=ROUNDS + 1)], DELTA))


def test_runs_of_all_plans_are_composed_rather_than_added():
    account, wide = Account(), Budget(100.0, DELTA)
    account.admit(reserved("a"), wide)
    both = account.admit(reserved("b", Use(20.0, steps=5)), wide)
    assert both == pytest.approx(epsilon([*PLANNED, Use(20.0, steps=5)], DELTA))
    assert both < COST + epsilon([Use(20.0, steps=5)], DELTA)


def test_a_run_that_would_overspend_is_refused_with_what_is_left_and_leaves_no_trace():
    account = Account([reserved("a")])
    budget = Budget(1.2 * COST, DELTA)
    with pytest.raises(BudgetSpent) as refusal:
        account.admit(reserved("b"), budget)
    assert refusal.value.details["left"] == pytest.approx(0.2 * COST)
    assert refusal.value.details["after"] > budget.epsilon
    assert account.spent(DELTA) == pytest.approx(COST)
    assert not account.is_open("b")


def test_what_was_never_planned_is_charged_all_the_same():
    account = Account([reserved("a")])
    odd = Use(5.0)
    assert account.admit(begun("a", odd), Budget(100.0, DELTA)) == pytest.approx(epsilon([*PLANNED, odd], DELTA))


def test_a_lowered_budget_stops_a_run_that_was_paid_for():
    account = Account([reserved("a")])
    with pytest.raises(BudgetSpent):
        account.admit(begun("a"), Budget(COST / 2, DELTA))


def test_a_settled_run_costs_what_was_begun_and_goes_on_only_with_a_new_reservation():
    account = Account([reserved("a"), begun("a"), begun("a")])
    two = epsilon([Use(10.0, steps=2)], DELTA)
    assert account.admit(Entry("a", "settled"), EXACT) == pytest.approx(two)
    assert not account.is_open("a")
    assert account.begun("a") == (Use(10.0, steps=2),)
    assert account.admit(reserved("a"), EXACT) == pytest.approx(COST)


def test_settling_is_possible_when_the_budget_is_overdrawn_by_lowering_it():
    account = Account([reserved("a"), begun("a")])
    account.admit(Entry("a", "settled"), Budget(COST / 100, DELTA))
    assert account.spent(DELTA) == pytest.approx(epsilon([STEP], DELTA))


def test_a_run_without_differential_privacy_adds_nothing_to_an_epsilon_it_has_not():
    account = Account([Entry("a", "unbounded")])
    assert account.spent(DELTA) == 0.0


def test_the_entries_may_be_read_again_in_their_order_with_the_same_sum():
    entries = [reserved("a"), begun("a"), Entry("a", "settled"), reserved("b"), begun("b", STEP, STEP)]
    assert Account(entries).spent(DELTA) == pytest.approx(epsilon([Use(10.0, steps=ROUNDS + 1)], DELTA))


def test_a_ledger_in_memory_allows_its_plan_and_not_an_answer_more():
    ledger = MemoryLedger(EXACT, PLANNED)
    for number in range(1, ROUNDS + 1):
        ledger.charge("update", number, [STEP])
    with pytest.raises(BudgetSpent):
        ledger.charge("update", ROUNDS + 1, [STEP])


def test_a_ledger_in_memory_refuses_a_plan_beyond_its_budget():
    with pytest.raises(BudgetSpent):
        MemoryLedger(Budget(COST / 2, DELTA), PLANNED)
