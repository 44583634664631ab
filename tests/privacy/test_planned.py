"""What a private plan releases, from the plan alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from fedcare.aggregation.planning import plan_of
from fedcare.errors import BadSetting
from fedcare.plan import TrainingPlan
from fedcare.privacy.accounting import Use, epsilon
from fedcare.privacy.planned import (
    count_noise,
    evaluation_noise,
    noise_multiplier,
    planned_uses,
    steps_per_round,
    uses_of,
)
from fedcare.tasks.insurance_cost import TASK
from fedcare.tasks.overrides import apply


def plan(**settings: Any) -> TrainingPlan:
    given = {"privacy.dp.enabled": "true", "rounds.rounds": "4", "local.epochs": "3"}
    given |= {key.replace("__", "."): str(value) for key, value in settings.items()}
    return plan_of(apply(TASK, given), 0)


def test_a_plan_without_differential_privacy_accounts_for_nothing() -> None:
    assert planned_uses(plan(privacy__dp__enabled="false")) == []


def test_a_round_is_as_many_passes_as_epochs_whatever_the_rows() -> None:
    assert steps_per_round(plan(sample_rate=0.25)) == 12
    assert steps_per_round(plan(sample_rate=1.0)) == 3
    assert steps_per_round(plan(full_batch="true")) == 3


def test_a_run_releases_a_count_an_update_each_round_and_one_evaluation() -> None:
    found = planned_uses(plan(sample_rate=0.5, noise_multiplier=2.0, count_noise=30.0, evaluation_noise=12.0))
    assert found == [Use(30.0), Use(2.0, 0.5, 24), Use(12.0)]


def test_a_plan_without_an_evaluation_does_not_pay_for_one() -> None:
    private = plan(evaluation="none")
    assert uses_of(private, "evaluation") == []
    assert len(planned_uses(private)) == 2


def test_the_answers_of_a_run_add_up_to_the_plan() -> None:
    private = plan(epsilon=3.0)
    spent: Counter[tuple[float, float]] = Counter()
    answers = [*uses_of(private, "record count"), *(uses_of(private, "update") * 4), *uses_of(private, "evaluation")]
    for use in answers:
        spent[use.noise_multiplier, use.sample_rate] += use.steps
    assert spent == {(use.noise_multiplier, use.sample_rate): use.steps for use in planned_uses(private)}


@pytest.mark.parametrize("target", [0.5, 1.0, 5.0])
@pytest.mark.parametrize("rate", [1.0, 0.2])
def test_the_whole_run_costs_the_asked_epsilon_and_no_more(target: float, rate: float) -> None:
    cost = epsilon(planned_uses(plan(epsilon=target, sample_rate=rate)), 1e-5)
    assert 0.98 * target < cost <= target


def test_the_count_and_the_evaluation_take_their_share_of_an_unsampled_run() -> None:
    private = plan(full_batch="true", noise_multiplier=10.0)
    training = 12 / 10.0**2
    assert count_noise(private) ** -2 == pytest.approx(0.02 * training)
    assert evaluation_noise(private) ** -2 == pytest.approx(0.05 * training)


def test_without_an_epsilon_the_plans_noise_multiplier_counts() -> None:
    assert noise_multiplier(plan(noise_multiplier=1.7)) == 1.7


def test_an_epsilon_that_the_count_alone_exceeds_is_refused() -> None:
    with pytest.raises(BadSetting, match="cost more than that by themselves"):
        planned_uses(plan(epsilon=0.1, count_noise=0.5))
