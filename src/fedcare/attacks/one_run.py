"""One training with canaries: how sure can somebody be who sees every step of it?

The plan is carried out once, with canaries at every institution. An attacker who knows all canaries and all other rows,
and sees what the optimiser sees at every step, says of each canary whether it was there. Accounting step by step allows
for just this attacker, so a sound epsilon bounds how often he is right (Steinke, Nasr and Jagielski, NeurIPS 2023).
Institutions are trained apart from one another, so the canaries of all of them count together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import ceil, inf
from operator import add

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
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.study import Study
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.privacy.planned import sample_rate
from fedcare.tasks.size import feature_count
from fedcare.training.dataset import Dataset, make_dataset

CANARIES, FEWEST, MOST, CONFIDENCE = 500, 20, 5000, 0.95
# Passes over an institution's rows that the attacker looks at. A Poisson sample leaves a record out of fifteen of them
# with a chance of one in three million; without samples every pass has every record.
PRIVATE_PASSES, PASSES = 15, 2
# All that is kept of the steps, whatever the size of the model.
MOST_BYTES = 2**28
# He speaks of all canaries, or only of the third that he is surest of; both ways share the doubt between them.
SHARES = (1.0, 1.0 / 3.0)
# Learned numbers of the model for each canary at an institution, and trainings at most.
ROOM, TRAININGS = 4, 8
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
    parts = _parts(study, canaries)
    trainings = [_one_training(study, part, derive_seed(seed, k), on_round) for k, part in enumerate(parts)]
    scores, inside = zip(*trainings, strict=True)
    return _judge(np.concatenate(scores), np.concatenate(inside), delta, confidence)


def _parts(study: Study, canaries: int) -> list[int]:
    """How many canaries go into each training.

    A small model cannot hold many gradients apart, so it is trained several times, with few at a time. Each canary is
    in one training alone, which keeps its epsilon, so that all trainings together are an audit like one of them.
    """
    manifest, _ = initial_weights(study.task, 0, feature_count(study.task))
    most = max(1, manifest.learned_size // ROOM) * len(study.institutions)
    trainings = min(TRAININGS, ceil(canaries / most))
    return [canaries // trainings + (place < canaries % trainings) for place in range(trainings)]


def _one_training(study: Study, canaries: int, seed: int, on_round: OnRound) -> tuple[Floats, Flags]:
    """Log odds of each canary, and whether it was there."""
    schema = study.task.records
    assert isinstance(schema, TableSchema)
    plan = _seeded(study.plan, seed)
    planted = plant(schema, study.institutions, canaries, seed)
    eyes = {each.institution.name: _Eye(_steps(plan, each), MOST_BYTES // len(planted)) for each in planted}
    outcome = rerun(plan, [each.institution for each in planted], on_round, eyes)
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    scores = [_scores(plan, each, preprocessing, eyes[each.institution.name]) for each in planted]
    return np.concatenate(scores), np.concatenate([each.inside for each in planted])


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


@dataclass(frozen=True)
class _Evidence:
    """What one step or several say of the rows: inner products of their gradients, ``(rows, rows)``, and with what the
    optimiser got, ``(rows,)``; the squared length of that, and how many numbers it has.
    """

    products: Tensor
    along: Tensor
    length: float
    numbers: int

    def __add__(self, other: _Evidence) -> _Evidence:
        length, numbers = self.length + other.length, self.numbers + other.numbers
        return _Evidence(self.products + other.products, self.along + other.along, length, numbers)


def _scores(plan: TrainingPlan, planted: Planted, preprocessing: Preprocessing, eye: _Eye) -> Floats:
    """Log odds that each canary was there, ``(canaries,)``, from all steps that were seen."""
    data = make_dataset(preprocessing, planted.canaries.joined(planted.rows), torch.device("cpu"))
    rows = len(planted.institution.train)
    rate = _rate(plan, rows)
    evidence = [_evidence(plan, data, before, gradient, rate * rows) for before, gradient in eye.steps]
    if rate >= 1.0:  # The same rows in every step: what all of them say is said of one thing.
        evidence = [reduce(add, evidence)]
    total: Floats = np.zeros(len(planted.canaries))
    for one in evidence:
        seen, variance = _estimate(one, len(total), rate)
        # A canary that was there was in this step's batch with the sample's chance, another one never.
        total += np.logaddexp(np.log1p(-rate * ALMOST), np.log(rate) + (seen - 0.5) / variance)
    return total


def _evidence(
    plan: TrainingPlan, data: Dataset, before: Sequence[Tensor], gradient: Sequence[Tensor], batch: float
) -> _Evidence:
    """What a step says; ``batch`` is what its sum of gradients was divided by."""
    dp = plan.privacy.dp
    rows = row_gradients(before, data.inputs, data.targets, plan.local, dp.clip if dp.enabled else inf)
    total = [each.double() * batch for each in gradient]
    length = sum(float(each.square().sum()) for each in total)
    return _Evidence(rows.products(), rows.along(total), length, sum(each.numel() for each in total))


def _estimate(evidence: _Evidence, canaries: int, rate: float) -> tuple[Floats, Floats]:
    """How often each canary's gradient is in what was seen, and the variance of that estimate.

    What was seen is a sum of some rows' gradients and noise. Which rows are in it is found by ridge regression: an own
    row is in it with the sample's chance, a canary with half of that, and the noise that the attacker sees decides how
    far small differences are to be believed.
    """
    chance = torch.full((len(evidence.along),), rate, dtype=torch.float64)
    chance[:canaries] /= 2.0
    spread = (chance * (1.0 - chance)).clamp(min=0.0).sqrt()
    products = spread[:, None] * evidence.products * spread
    along = spread * (evidence.along - evidence.products @ chance)
    length = evidence.length - float((2.0 * evidence.along - evidence.products @ chance) @ chance)
    values, vectors = torch.linalg.eigh(products)
    kept = values > RANK * values[-1]
    values, vectors = values[kept], vectors[:, kept]
    turned = vectors.T @ along
    noise = _noise(length, evidence.numbers, turned, values)
    shrunk, squares = values / (values + noise), vectors[:canaries].square()
    share = (squares @ shrunk).clamp(min=RANK)
    others = (squares @ shrunk.square() - share.square()).clamp(min=0.0)
    scale = (spread[:canaries] / share).square()
    variance = scale * (noise * (squares @ (shrunk.square() / values)) + others) + BLUR
    found = chance[:canaries] + spread[:canaries] * (vectors[:canaries] @ (turned / (values + noise))) / share
    return np.asarray(found), np.asarray(variance)


def _noise(length: float, numbers: int, turned: Tensor, values: Tensor) -> float:
    """Variance of the noise on each number.

    A large model has room for noise that no mixture of the rows' gradients explains. In a small one noise is what makes
    a step longer than chance in the choice of rows would.
    """
    if len(values) > numbers // 2:
        return max(0.0, length - float(values.sum())) / numbers
    return max(0.0, length - float((turned.square() / values).sum())) / (numbers - len(values))


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
