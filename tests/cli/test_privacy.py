"""``fedcare privacy``: an institution reads and sets its own budget."""

import pytest

NAME = "Hospital A"
# Every step takes all rows, so that composing is quick.
QUICK = ("--set", "full_batch=true")


@pytest.fixture
def store(ask, gateway_login):
    from fedcare.db.database import Database
    from fedcare.federation.node.store import NodeStore

    pool = Database(gateway_login, pool_size=1)
    yield NodeStore(pool, NAME)
    pool.close()


def reserve(store, epsilon=0.5):
    """A run that reserved what its plan costs, and answered once."""
    from fedcare.aggregation.planning import plan_of
    from fedcare.db import privacy
    from fedcare.federation.node.ledger import NodeLedger
    from fedcare.privacy.planned import uses_of
    from fedcare.tasks.overrides import apply
    from fedcare.tasks.protected import protected
    from fedcare.tasks.registry import get

    chosen = protected("insurance-cost", epsilon, False, False) | {"full_batch": "true"}
    plan = plan_of(apply(get("insurance-cost"), chosen), 42)
    ledger = NodeLedger(store, privacy.Run("run-1", plan.hash, plan.task_name))
    ledger.open(plan)
    ledger.charge("update", 1, uses_of(plan, "update"))
    return plan


def test_the_budget_starts_at_one_and_is_set_by_name(ask):
    told = ask("privacy", "budget")
    assert (told["epsilon"], told["delta"], told["private_only"], told["spent"], told["left"]) == (1, 1e-5, False, 0, 1)
    ask("privacy", "budget", "--epsilon", "3", "--private-only")
    told = ask("privacy", "budget", "--delta", "1e-6")
    assert (told["epsilon"], told["delta"], told["private_only"]) == (3, 1e-6, True)
    assert ask("audit", "verify")["intact"] is True


@pytest.mark.parametrize("wrong", [("--epsilon", "-1"), ("--delta", "0"), ("--delta", "1")])
def test_a_budget_that_cannot_be_is_refused(ask, wrong):
    assert ask("privacy", "budget", *wrong, code=2)["error"]["code"] in ("bad_usage", "bad_setting")


def test_the_ledger_shows_what_was_reserved_and_begun(ask, store):
    plan = reserve(store)
    told = ask("privacy", "ledger")
    begun, reserved = told["ledger"]
    assert (reserved["kind"], begun["kind"], begun["what"], begun["round"]) == ("reserved", "begun", "update", 1)
    assert {begun["plan_hash"], reserved["plan_hash"]} == {plan.hash}
    assert 0.49 < told["spent"] <= 0.5
    assert told["left"] == pytest.approx(1 - told["spent"])


def test_settling_a_run_frees_what_it_never_began(ask, store):
    reserve(store)
    before = ask("privacy", "ledger")["spent"]
    assert 0 < ask("privacy", "settle", "run-1")["spent"] < before / 2
    assert ask("privacy", "settle", "no-such-run", code=1)["error"]["code"] == "not_found"


def test_a_forecast_is_what_the_run_then_costs(ask, store):
    told = ask("privacy", "forecast", "insurance-cost", "--private", "0.5", *QUICK)
    assert told["epsilon_of_run"] == told["spent_after"] <= 0.5
    assert 2 <= told["runs_that_fit"] <= 5
    reserve(store)
    assert ask("privacy", "ledger")["spent"] == pytest.approx(told["spent_after"])
    again = ask("privacy", "forecast", "insurance-cost", "--private", "0.5", *QUICK)
    assert again["runs_that_fit"] == told["runs_that_fit"] - 1


def test_nothing_can_be_forecast_of_a_run_that_nothing_bounds(ask):
    assert ask("privacy", "forecast", "insurance-cost", code=2)["error"]["code"] == "bad_setting"


def test_people_read_the_same_with_a_warning_of_what_nothing_bounds(ask, store, fedcare):
    from fedcare.aggregation.planning import plan_of
    from fedcare.db import privacy
    from fedcare.federation.node.ledger import NodeLedger
    from fedcare.tasks.registry import get

    reserve(store)
    open_plan = plan_of(get("insurance-cost"), 1)
    NodeLedger(store, privacy.Run("run-2", open_plan.hash, open_plan.task_name)).open(open_plan)
    shown = fedcare("privacy", "ledger").out
    assert "begun" in shown and "reserved" in shown and "unbounded" in shown
    assert "1 run without differential privacy" in " ".join(shown.split())
    assert "runs that fit" in " ".join(fedcare("privacy", "forecast", "insurance-cost", "--private", "0.5").out.split())
