"""What a private plan will release of an institution's records: known from the plan alone, before any record is read.

The coordinator, the institution and whoever approves a plan come to the same figures by the same functions.
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import Literal

from fedcare.plan import TrainingPlan
from fedcare.privacy.accounting import Use, noise_for

Release = Literal["record count", "update", "evaluation"]

# Of what a run costs, the share that the count and the evaluation take where the plan does not say how noisy they are.
COUNT_SHARE, EVALUATION_SHARE = 0.02, 0.05


def sample_rate(plan: TrainingPlan) -> float:
    """The chance of each record to be in a step's batch."""
    return 1.0 if plan.local.full_batch else plan.privacy.dp.sample_rate


def steps_per_round(plan: TrainingPlan) -> int:
    """Steps of local training in a round, alike at every institution: as many whole passes as the plan has epochs."""
    return plan.local.epochs * max(1, round(1.0 / sample_rate(plan)))


def uses_of(plan: TrainingPlan, what: Release) -> list[Use]:
    """What one answer of this kind releases; nothing for an evaluation that the plan does not make."""
    noise = noise_multiplier(plan)
    return [use for kind, use, _ in _releases(plan, noise) if kind == what]


def planned_uses(plan: TrainingPlan) -> list[Use]:
    """Everything that the whole run releases of the records of an institution that takes part in every round.

    Raises ``BadSetting`` for an epsilon that no noise can keep.
    """
    return _planned(plan, noise_multiplier(plan))


def noise_multiplier(plan: TrainingPlan) -> float:
    """The deviation of the noise on a step's sum of gradients, over the greatest norm of one record's gradient.

    Found from the plan's epsilon where it has one; then the whole run, with its count and evaluation, costs no more.
    """
    dp = plan.privacy.dp
    return dp.noise_multiplier if dp.epsilon is None else _found(plan.canonical())


def count_noise(plan: TrainingPlan) -> float:
    """The deviation of the noise on the number of rows, in rows."""
    return plan.privacy.dp.count_noise or _shared(plan, noise_multiplier(plan), COUNT_SHARE)


def evaluation_noise(plan: TrainingPlan) -> float:
    """The deviation of the noise on an evaluation's sums, over the greatest norm of one record's share in them."""
    return plan.privacy.dp.evaluation_noise or _shared(plan, noise_multiplier(plan), EVALUATION_SHARE)


@lru_cache(maxsize=64)
def _found(canonical: str) -> float:
    plan = TrainingPlan.model_validate_json(canonical)
    dp = plan.privacy.dp
    assert dp.epsilon is not None
    return noise_for(dp.epsilon, dp.delta, lambda noise: _planned(plan, noise))


def _planned(plan: TrainingPlan, noise: float) -> list[Use]:
    return [Use(use.noise_multiplier, use.sample_rate, use.steps * times) for _, use, times in _releases(plan, noise)]


def _releases(plan: TrainingPlan, noise: float) -> list[tuple[Release, Use, int]]:
    """Each kind of answer, what one of them releases, and how many there are in a run."""
    dp = plan.privacy.dp
    if not dp.enabled:
        return []
    found: list[tuple[Release, Use, int]] = [
        ("record count", Use(dp.count_noise or _shared(plan, noise, COUNT_SHARE)), 1),
        ("update", Use(noise, sample_rate(plan), steps_per_round(plan)), plan.rounds.rounds),
    ]
    if dp.evaluation == "final":
        found.append(("evaluation", Use(dp.evaluation_noise or _shared(plan, noise, EVALUATION_SHARE)), 1))
    return found


def _shared(plan: TrainingPlan, noise: float, share: float) -> float:
    """The noise at which one release costs this share of the training.

    In the limit of many steps, training is a Gaussian mechanism of precision steps times the squared ratio of sample
    rate and noise (Bu et al., Harvard Data Science Review 2020), and precisions add up.
    """
    steps = plan.rounds.rounds * steps_per_round(plan)
    return noise / (sample_rate(plan) * sqrt(steps * share))
