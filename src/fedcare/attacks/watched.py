"""What the attacker with canaries looks at: rounds of a plan, and steps of each institution's training."""

from __future__ import annotations

from math import ceil

from fedcare.attacks.canaries import Planted
from fedcare.attacks.rerun import with_its_noise
from fedcare.data.records import Images
from fedcare.data.schema import TableSchema
from fedcare.federation.study import Study
from fedcare.plan import TrainingPlan
from fedcare.privacy.planned import sample_rate, steps_per_round

# Passes over an institution's rows that the attacker looks at. A Poisson sample leaves a record out of fifteen of them
# with a chance of one in three million; without samples every pass has every record. Of images he looks at five, as
# their gradients take long; one canary of 150 is then never met. Where each step takes all rows, all steps add up.
PRIVATE_PASSES, PASSES, IMAGE_PASSES, WHOLE_PASSES = 15, 2, 5, 60


def looked_at(study: Study) -> TrainingPlan:
    """The plan; of images its first rounds, with the noise of the whole and every image as it is."""
    plan = with_its_noise(study.plan)
    if isinstance(study.task.records, TableSchema):
        return plan
    dp = plan.privacy.dp
    if dp.enabled:
        rounds = ceil(_passes(sample_rate(plan), images=True) / sample_rate(plan) / steps_per_round(plan))
        dp = dp.model_copy(update={"evaluation": "none"})
    else:
        rounds = ceil(PASSES / plan.local.epochs)
    return plan.model_copy(
        update={
            "local": plan.local.model_copy(update={"augment": "none"}),
            "rounds": plan.rounds.model_copy(update={"rounds": min(rounds, plan.rounds.rounds)}),
            "privacy": plan.privacy.model_copy(update={"dp": dp}),
        }
    )


def seeded(plan: TrainingPlan, seed: int) -> TrainingPlan:
    """The plan with other chances, drawn from the audit's own seed so that an audit can be repeated.

    The attacker makes no use of the seed, so its noise hides as much from him as the operating system's would.
    """
    dp = plan.privacy.dp.model_copy(update={"seeded_noise": True})
    return plan.model_copy(update={"seed": seed, "privacy": plan.privacy.model_copy(update={"dp": dp})})


def steps(plan: TrainingPlan, planted: Planted) -> int:
    """How many steps of an institution's training are looked at."""
    rate = rate_of(plan, len(planted.institution.train))
    passes = _passes(rate, isinstance(planted.rows, Images)) if plan.privacy.dp.enabled else PASSES
    return ceil(passes / rate)


def _passes(rate: float, images: bool) -> int:
    if rate >= 1.0:
        return WHOLE_PASSES
    return IMAGE_PASSES if images else PRIVATE_PASSES


def rate_of(plan: TrainingPlan, rows: int) -> float:
    """The share of the rows that is in a step's batch."""
    if plan.privacy.dp.enabled:
        return sample_rate(plan)
    return 1.0 if plan.local.full_batch else min(1.0, plan.local.batch_size / rows)
