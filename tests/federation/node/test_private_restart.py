"""A restart pays for nothing twice that the ledger keeps: the count and the evaluation come again, bit for bit."""

import numpy as np
import pytest
from sqlalchemy import text

from fedcare.data.declared import declared
from fedcare.db import privacy
from fedcare.errors import BudgetSpent, DatabaseUnavailable
from fedcare.federation.node.ledger import NodeLedger
from fedcare.plan import canonical_json
from fedcare.privacy.planned import uses_of
from fedcare.tasks.registry import get


@pytest.fixture
def private(plan):
    return plan(privacy__dp__enabled=True, privacy__dp__epsilon=0.9, full_batch=True)


@pytest.fixture
def sent(start_vector):
    """What comes with a question about weights."""
    return {"vector": start_vector, "preprocessing": canonical_json(declared(get("insurance-cost").records).to_json())}


def restarted(here):
    """Another process at the same institution: it knows what its folder and its database hold."""
    return type(here)(here.name, here.folder, here.store)


def begun(store):
    with store.transaction() as tx:
        rows = privacy.page(tx, None, None, 100)
    return [(row.what, row.round) for row in reversed(rows) if row.kind == "begun"]


def test_a_restarted_node_gives_the_count_and_the_evaluation_again_and_pays_once(unconnected, asking, private, sent):
    here = unconnected()
    here.approve(private)
    run = asking(private)
    asked = [((), {}), (("evaluate", 2), sent)]
    before = [run.ask(here, *place, **more) for place, more in asked]
    assert run.ask(here, "train", 1, **sent).examples == before[0].examples
    again = restarted(here)
    after = [run.ask(again, *place, **more) for place, more in asked]
    for first, second in zip(before, after, strict=True):
        assert first.error is second.error is None
        assert (first.sums.tobytes(), first.examples) == (second.sums.tobytes(), second.examples)
    assert run.ask(again, "train", 2, **sent).examples == before[0].examples
    assert begun(here.store) == [("record count", 0), ("evaluation", 2), ("update", 1), ("update", 2)]
    assert len([row for row in here.egress() if row["run"] == "run-1"]) == 6  # What left twice is logged twice.


def test_other_weights_or_another_round_are_another_question_and_are_paid_for(unconnected, asking, private, sent):
    here = unconnected()
    here.approve(private)
    run = asking(private)
    first = run.ask(here, "evaluate", 2, **sent)
    other = run.ask(here, "evaluate", 2, **sent | {"vector": sent["vector"] + np.float32(0.1)})
    third = run.ask(here, "evaluate", 1, **sent)
    assert len({each.sums.tobytes() for each in (first, other, third)}) == 3
    assert begun(here.store) == [("evaluation", 2), ("evaluation", 2), ("evaluation", 1)]


def test_another_run_of_the_same_plan_gets_noise_of_its_own(unconnected, asking, plan):
    cheap = plan(privacy__dp__enabled=True, privacy__dp__epsilon=0.4, full_batch=True)
    here = unconnected()
    here.approve(cheap)
    # Counts may agree by chance; sums of real numbers do not.
    assert asking(cheap).ask(here).error is asking(cheap, run_id="run-2").ask(here).error is None
    assert begun(here.store) == [("record count", 0)] * 2


@pytest.fixture
def ledger(store_of, private):
    store = store_of("Hospital L")
    made = NodeLedger(store, privacy.Run("run-1", private.hash, private.task_name))
    made.open(private)
    return store, made


def released(ledger, plan, value, question="q" * 64):
    return ledger.release("record count", 0, uses_of(plan, "record count"), question, value)


def kept(store):
    with store.transaction() as tx:
        return tx.execute(text("select count(*) from privacy_answers")).scalar_one()


def test_an_answer_that_could_not_be_made_is_neither_charged_nor_kept(ledger, private):
    store, made = ledger

    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        released(made, private, fails)
    assert (begun(store), kept(store), made.charges) == ([], 0, 0)
    assert released(made, private, lambda: np.array([0.1])).tolist() == [0.1]
    assert (begun(store), kept(store), made.charges) == ([("record count", 0)], 1, 1)


def test_where_the_database_goes_away_before_the_commit_nothing_may_leave(ledger, private, monkeypatch):
    store, made = ledger
    monkeypatch.setattr(privacy, "keep", lambda *args: (_ for _ in ()).throw(DatabaseUnavailable()))
    with pytest.raises(DatabaseUnavailable):
        released(made, private, lambda: np.array([0.1]))
    assert (begun(store), kept(store), made.charges) == ([], 0, 0)


def test_what_the_budget_does_not_allow_is_not_made(ledger, private):
    store, made = ledger
    calls = []
    with pytest.raises(BudgetSpent):
        for number in range(100_000):
            released(made, private, lambda: np.array([float(len(calls))]), f"{number:064d}")
            calls.append(number)
    assert kept(store) == len(calls) == len(begun(store))
