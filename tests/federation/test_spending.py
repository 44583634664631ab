"""What a private run says it cost is what its institutions' ledgers hold."""

from dataclasses import dataclass, field

import pytest

from fedcare.aggregation.exchange import RoundRecord
from fedcare.aggregation.planning import plan_of
from fedcare.federation.spending import MOST_POINTS, spending
from fedcare.privacy.accounting import epsilon
from fedcare.privacy.planned import planned_uses, uses_of
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get


@dataclass
class State:
    """As much of a run's state as its cost depends on."""

    history: list[RoundRecord]
    announced: dict[str, int] = field(default_factory=dict)


def made(rounds, **more):
    chosen = {"privacy.dp.enabled": "true", "privacy.dp.epsilon": "2", "full_batch": "true", "rounds": str(rounds)}
    return plan_of(apply(get("insurance-cost"), chosen | more), 1)


def record(number, *names, dropped=()):
    return RoundRecord(number, {}, {}, None, dict.fromkeys(names, 50), dict.fromkeys(dropped, "too far away"))


def test_whoever_took_part_in_all_paid_what_was_planned():
    plan = made(3)
    told = spending(plan, State([record(number, "A", "B") for number in (1, 2, 3)], {"A": 50, "B": 60}))
    assert told["epsilon"] == pytest.approx(epsilon(planned_uses(plan), 1e-5))
    assert told["epsilon"] <= 2.0
    assert told["institutions"]["A"] == told["institutions"]["B"]
    course = [spent for _, spent in told["institutions"]["A"]["rounds"]]
    assert course == sorted(course)
    assert course[0] == pytest.approx(epsilon(uses_of(plan, "record count"), 1e-5))


def test_whoever_missed_a_round_paid_less_and_a_dropped_answer_was_paid_for():
    history = [record(1, "A", "B", dropped=["C"]), record(2, "A", "C"), record(3, "A", "B", "C")]
    each = spending(made(3), State(history, {"A": 50, "B": 60, "C": 70}))["institutions"]
    assert each["B"]["epsilon"] < each["A"]["epsilon"] == each["C"]["epsilon"]
    assert each["B"]["rounds"][1][1] == each["B"]["rounds"][2][1]


def test_a_long_run_is_told_at_few_rounds_with_its_last():
    rounds = 97
    told = spending(made(rounds), State([record(number, "A") for number in range(1, rounds + 1)], {"A": 50}))
    course = told["institutions"]["A"]["rounds"]
    assert len(course) <= MOST_POINTS
    assert course[-1][0] == rounds


def test_a_run_that_nothing_bounds_has_no_cost():
    assert spending(plan_of(get("insurance-cost"), 1), State([record(1, "A")])) is None
