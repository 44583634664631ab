"""One training with canaries: how sure can somebody be who sees every step of it?

The plan is carried out once, with canaries at every institution. An attacker who knows all canaries and all other rows,
and sees what the optimiser sees at every step, says of each canary whether it was there. Accounting step by step allows
for just this attacker, so a sound epsilon bounds how often he is right (Steinke, Nasr and Jagielski, NeurIPS 2023).
Institutions are trained apart from one another, so the canaries of all of them count together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf

import numpy as np
import torch
from torch import Tensor

from fedcare.attacks.canaries import Flags, Floats, Planted, plant
from fedcare.attacks.gradients import row_gradients
from fedcare.attacks.lower_bound import any_mechanism, gaussian
from fedcare.attacks.rerun import OnRound, rerun
from fedcare.attacks.telling import Telling, tell
from fedcare.data.preprocessing import Preprocessing, preprocessing_from_json
from fedcare.data.schema import TableSchema
from fedcare.federation.study import Study
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.privacy.planned import sample_rate
from fedcare.training.dataset import Dataset, make_dataset

CANARIES, FEWEST, MOST, CONFIDENCE = 500, 20, 5000, 0.95
# Passes over an institution's rows that the attacker looks at. A Poisson sample leaves a record out of fifteen of them
# with a chance of one in three million; without samples every pass has every record.
PRIVATE_PASSES, PASSES = 15, 2
# All that is kept of the steps, whatever the size of the model.
MOST_BYTES = 2**28
# He speaks of all canaries, or only of the third that he is surest of; both ways share the doubt between them.
SHARES = (1.0, 1.0 / 3.0)
# Eigenvalues below this share of the greatest are rounding.
RANK = 1e-9
# Variance of what an estimate misses besides: the size of the batch is known to the attacker only about.
BLUR = 0.01
# Keeps a chance of one from having no logarithm.
ALMOST = 1.0 - 1e-9


@dataclass(frozen=True)
class Guesses:
    """What the attacker said: of ``guessed`` canaries, and of how many of them he was ``right``."""

    guessed: int
    right: int


@dataclass(frozen=True)
class OneRun:
    """What the audit found.

    ``any_mechanism`` and ``gaussian`` are lower bounds on epsilon at ``delta``, which hold with ``confidence``: one
    whatever the mechanism is, the other for the Gaussian noise that DP-SGD is made of (see ``attacks.lower_bound``).
    """

    canaries: int
    guesses: tuple[Guesses, ...]
    telling: Telling
    any_mechanism: float
    gaussian: float
    delta: float
    confidence: float


def audit(study: Study, canaries: int, delta: float, confidence: float, seed: int, on_round: OnRound) -> OneRun:
    """Carry out the plan once with so many canaries, and bound its epsilon at ``delta`` from below."""
    schema = study.task.records
    assert isinstance(schema, TableSchema)
    plan = _seeded(study.plan, derive_seed(seed, "canaries"))
    planted = plant(schema, study.institutions, canaries, seed)
    eyes = {each.institution.name: _Eye(_steps(plan, each), MOST_BYTES // len(planted)) for each in planted}
    outcome = rerun(plan, [each.institution for each in planted], on_round, eyes)
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    scores = [_scores(plan, each, preprocessing, eyes[each.institution.name]) for each in planted]
    inside = np.concatenate([each.inside for each in planted])
    return _judge(np.concatenate(scores), inside, delta, confidence)


def _seeded(plan: TrainingPlan, seed: int) -> TrainingPlan:
    """The plan with other chances, drawn from the audit's own seed so that an audit can be repeated.

    The attacker makes no use of the seed, so its noise hides as much from him as the operating system's would.
    """
    dp = plan.privacy.dp.model_copy(update={"seeded_noise": True})
    return plan.model_copy(update={"seed": seed, "privacy": plan.privacy.model_copy(update={"dp": dp})})


class _Eye:
    """Keeps the first steps of an institution's training: the weights before, and the gradients."""

    def __init__(self, steps: int, room: int) -> None:
        self.steps: list[tuple[list[Tensor], list[Tensor]]] = []
        self._most, self._room = steps, room

    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor]) -> None:
        """Keep a step, while there are few."""
        size = 2 * sum(each.numel() * each.element_size() for each in parameters)
        if len(self.steps) < min(self._most, max(1, self._room // size)):
            kept = [each.detach().cpu().clone() for each in (*parameters, *gradients)]
            self.steps.append((kept[: len(parameters)], kept[len(parameters) :]))


def _steps(plan: TrainingPlan, planted: Planted) -> int:
    """How many steps of an institution's training are looked at."""
    passes = PRIVATE_PASSES if plan.privacy.dp.enabled else PASSES
    return ceil(passes / _rate(plan, len(planted.institution.train)))


def _rate(plan: TrainingPlan, rows: int) -> float:
    """The share of the rows that is in a step's batch."""
    if plan.privacy.dp.enabled:
        return sample_rate(plan)
    return 1.0 if plan.local.full_batch else min(1.0, plan.local.batch_size / rows)


# -- from steps to scores ---------------------------------------------------------------------------------------------


def _scores(plan: TrainingPlan, planted: Planted, preprocessing: Preprocessing, eye: _Eye) -> Floats:
    """Log odds that each canary was there, ``(canaries,)``, from all steps that were seen."""
    data = make_dataset(preprocessing, planted.canaries.joined(planted.rows), torch.device("cpu"))
    rate = _rate(plan, len(planted.institution.train))
    total: Floats = np.zeros(len(planted.canaries))
    for before, gradient in eye.steps:
        batch = rate * len(planted.institution.train)
        seen, variance = _weights(plan, data, len(total), before, [each.double() * batch for each in gradient], rate)
        # A canary that was there was in this step's batch with the sample's chance, another one never.
        total += np.logaddexp(np.log1p(-rate * ALMOST), np.log(rate) + (seen - 0.5) / variance)
    return total


def _weights(
    plan: TrainingPlan, data: Dataset, canaries: int, before: Sequence[Tensor], total: Sequence[Tensor], rate: float
) -> tuple[Floats, Floats]:
    """How often each canary's gradient is in a step's ``total``, and the variance of that estimate.

    The total is a sum of some rows' gradients, which the attacker can compute, and noise. Which rows are in it he finds
    by ridge regression, in which the noise that he sees decides how far small differences are to be believed.
    """
    dp = plan.privacy.dp
    rows = row_gradients(before, data.inputs, data.targets, plan.local, dp.clip if dp.enabled else inf)
    products = rows.products()
    expected = torch.full((len(data),), rate, dtype=torch.float64)
    expected[:canaries] /= 2.0
    values, vectors = torch.linalg.eigh(products)
    kept = values > RANK * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    along = rows.along(total)
    noise, spread = _noise(total, vectors.T @ along, values), rate * (1.0 - rate) + RANK
    shrunk = values / (values + noise / spread)
    found = vectors @ (vectors.T @ (along - products @ expected) / (values + noise / spread))
    squares = vectors[:canaries].square()
    share = (squares @ shrunk).clamp(min=RANK)
    others = spread * (squares @ shrunk.square() - share.square()).clamp(min=0.0)
    variance = (noise * (squares @ (shrunk.square() / values)) + others) / share.square() + BLUR
    return np.asarray(found[:canaries] / share + expected[:canaries]), np.asarray(variance)


def _noise(total: Sequence[Tensor], turned: Tensor, values: Tensor) -> float:
    """Variance of the noise on each number, from what no mixture of the rows' gradients explains."""
    length = sum(float(each.square().sum()) for each in total)
    free = sum(each.numel() for each in total) - len(values)
    return max(0.0, length - float((turned.square() / values).sum())) / max(1, free)


# -- from scores to a bound -------------------------------------------------------------------------------------------


def _judge(scores: Floats, inside: Flags, delta: float, confidence: float) -> OneRun:
    """Guess by the sign of the scores, and see what so many right guesses refute."""
    surest = np.argsort(-np.abs(scores), kind="stable")
    right = (scores > 0.0) == inside
    guesses = []
    for share in SHARES:
        chosen = surest[: max(1, round(share * len(scores)))]
        guesses.append(Guesses(len(chosen), int(right[chosen].sum())))
    sure = 1.0 - (1.0 - confidence) / len(SHARES)
    each = [(len(scores), guess.guessed, guess.right, delta, sure) for guess in guesses]
    return OneRun(
        canaries=len(scores),
        guesses=tuple(guesses),
        telling=tell(scores, inside),
        any_mechanism=max(any_mechanism(*one) for one in each),
        gaussian=max(gaussian(*one) for one in each),
        delta=delta,
        confidence=confidence,
    )
