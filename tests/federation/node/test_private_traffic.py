"""What a node says where a private plan is not worked on, or an answer was paid for by nobody: no number of records.

What leaves in a private run is read off the wire in ``test_private_federation``.
"""

import numpy as np
import pytest

from fedcare.db import privacy
from fedcare.privacy.ledger import Budget


@pytest.fixture
def private(plan):
    chosen = {"privacy__dp__enabled": True, "privacy__dp__epsilon": 0.9, "privacy__dp__sample_rate": 0.5}
    return plan(**chosen)


def test_a_plan_without_differential_privacy_gets_nothing_where_private_plans_alone_are_answered(
    unconnected, asking, plan
):
    here = unconnected()
    here.approve(plan())
    with here.store.transaction() as tx:
        privacy.set_budget(tx, here.store.institution_id, Budget(private_only=True))
    answer = asking(plan()).ask(here)
    assert answer.error.startswith("refused: ") and "differential privacy" in answer.error
    assert here.egress() == []


def test_a_refusal_of_a_private_plan_says_no_number_of_records(unconnected, asking, plan, private):
    needs = plan(
        privacy__dp__enabled=True, privacy__dp__epsilon=0.9, privacy__dp__sample_rate=0.5, rounds__min_records=500
    )
    here = unconnected()
    here.approve(needs)
    error = asking(needs).ask(here).error
    assert error.startswith("refused: ") and not any(character.isdigit() for character in error)
    with here.store.transaction() as tx:
        assert privacy.page(tx, None, None, 10) == []


def test_a_plan_whose_noise_follows_from_its_seed_gets_nothing(unconnected, asking, plan):
    told = plan(privacy__dp__enabled=True, privacy__dp__epsilon=0.5, privacy__dp__seeded_noise=True, full_batch=True)
    here = unconnected()
    here.approve(told)
    error = asking(told).ask(here).error
    assert error.startswith("refused: ") and "noise follows from the plan" in error
    assert here.egress() == []
    with here.store.transaction() as tx:
        assert privacy.page(tx, None, None, 10) == []


def test_what_the_budget_does_not_allow_is_refused_with_what_is_left(unconnected, asking, plan):
    dear = plan(privacy__dp__enabled=True, privacy__dp__epsilon=3.0, full_batch=True)
    here = unconnected()
    here.approve(dear)
    answer = asking(dear).ask(here)
    assert answer.error.startswith("refused: The privacy budget") and "1 is left" in answer.error
    assert here.egress() == []


def test_a_private_answer_that_nobody_charged_does_not_leave(unconnected, asking, plan, monkeypatch):
    from fedcare.aggregation.exchange import Answer
    from fedcare.federation.site import Site

    cheap = plan(privacy__dp__enabled=True, privacy__dp__epsilon=0.5, full_batch=True)
    here = unconnected()
    here.approve(cheap)
    monkeypatch.setattr(Site, "statistics", lambda *_: Answer(here.name, sums=np.array([48.0]), examples=48))
    answer = asking(cheap).ask(here)
    assert answer.error == "local failure (RuntimeError)"
    assert here.egress() == []
