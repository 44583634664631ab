"""What an institution has not agreed to is not worked on, and the refusal says what to do."""

import pytest

from fedcare.federation.node import plans, rules


@pytest.fixture
def here(unconnected):
    return unconnected()


def set_rule(here, rounds_a_day=100, max_epsilon=None, enabled=True):
    with here.store.transaction() as tx:
        rules.set_rule(tx, here.store.institution_id, "insurance-cost", rounds_a_day, max_epsilon, enabled)


def listed(here):
    with here.store.transaction() as tx:
        return plans.listed(tx, 10)


def test_a_plan_nobody_approved_is_refused_and_kept_for_people_to_look_at(here, asking, plan):
    run = asking(plan())
    answer = run.ask(here)
    assert answer.error.startswith("refused: ") and "fedcare node approve" in answer.error
    (found,) = listed(here)
    assert (found["hash"], found["status"]) == (plan().hash, "open")
    assert here.egress() == []
    here.approve(plan())
    assert run.ask(here).error is None


def test_a_refused_plan_stays_refused_whatever_a_rule_says(here, asking, plan):
    set_rule(here)
    here.approve(plan(), approved=False, reason="we want a review first")
    answer = asking(plan()).ask(here)
    assert answer.error.startswith("refused: ") and "we want a review first" in answer.error
    assert here.egress() == []


def test_who_approved_stands_in_the_log(here, asking, plan):
    import sqlalchemy

    from fedcare.db.ids import new_id
    from fedcare.db.tables import medical_workers

    worker = {"id": new_id(), "email": "admin@a.example", "name": "A", "role": "admin", "password_hash": "x"}
    here.approve(plan())
    run = asking(plan())
    assert run.ask(here).examples == 48
    with here.store.transaction() as tx:
        where = {"institution_id": here.store.institution_id}
        tx.execute(sqlalchemy.insert(medical_workers).values(worker | where))
        plans.decide(tx, here.store.institution_id, plan().hash, True, "worker", None, worker["id"])
    assert run.ask(here).error is None
    assert [row["approved_by"] for row in here.egress()] == ["admin@a.example", "command line"]


def test_a_standing_rule_approves_plans_of_its_task(here, asking, plan):
    set_rule(here)
    assert asking(plan()).ask(here).error is None
    (found,) = listed(here)
    assert (found["status"], found["decided_how"]) == ("approved", "rule")
    assert [row["approved_by"] for row in here.egress()] == ["standing rule for insurance-cost"]


def test_a_rule_that_was_withdrawn_or_disabled_approves_nothing_any_more(here, asking, plan):
    set_rule(here)
    run = asking(plan())
    assert run.ask(here).error is None
    set_rule(here, enabled=False)
    assert "no standing rule" in run.ask(here).error
    with here.store.transaction() as tx:
        rules.remove_rule(tx, "insurance-cost")
    assert "no standing rule" in run.ask(here).error


def test_a_rule_that_asks_for_privacy_does_not_fit_a_plan_without(here, asking, plan):
    set_rule(here, max_epsilon=3.0)
    answer = asking(plan()).ask(here)
    assert answer.error.startswith("refused: ") and "epsilon of 3" in answer.error


def test_a_rule_that_asks_for_privacy_goes_by_what_the_plan_costs_here(here, asking, plan):
    set_rule(here, max_epsilon=0.6)
    private = {"privacy__dp__enabled": True, "full_batch": True}
    assert asking(plan(privacy__dp__epsilon=0.5, **private)).ask(here).error is None
    dear = asking(plan(privacy__dp__epsilon=0.8, **private), run_id="run-2").ask(here)
    assert dear.error.startswith("refused: ") and "the plan costs 0." in dear.error


def test_a_rule_allows_so_many_rounds_a_day_over_all_runs(here, asking, plan, prepared):
    set_rule(here, rounds_a_day=3)
    run = asking(plan())
    more = prepared(run, here)
    assert [run.ask(here, "train", k, **more).error for k in (1, 2)] == [None, None]
    other = asking(plan(seed=1), run_id="run-2")
    assert "2 are used" in other.ask(here).error
    assert run.ask(here).error is None  # The same run's own rounds do not bar it from going on.
    set_rule(here, rounds_a_day=2)
    different = more | {"vector": more["vector"] + 1}
    assert "used up" in run.ask(here, "train", 2, **different).error


def test_a_plan_other_than_the_one_the_run_was_started_with_is_refused(here, asking, plan):
    here.approve(plan())
    answer = asking(plan(), claimed=plan(seed=5).hash).ask(here)
    assert answer.error.startswith("refused: the run was started with plan") and here.egress() == []


def test_what_is_no_plan_is_refused(here, asking, plan):
    run = asking(plan(), claimed="")
    for text in ("{}", "no json", '{"task_name": "\\u0000"}', " " * 300_000):
        assert run.ask(here, text=text).error.startswith("refused: ")
    assert here.egress() == []
