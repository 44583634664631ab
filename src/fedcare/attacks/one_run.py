"""One training with canaries: how sure can somebody be who sees every step of it?

The plan is carried out once, with canaries at every institution. An attacker who knows all canaries and all other rows,
and sees what the optimiser sees at every step, says of each canary whether it was there. Accounting step by step allows
for just this attacker, so a sound epsilon bounds how often he is right (Steinke, Nasr and Jagielski, NeurIPS 2023).
Institutions are trained apart from one another, so the canaries of all of them count together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import ceil

import numpy as np

from fedcare.attacks.attacker import Attacker, Eye
from fedcare.attacks.canaries import Flags, Floats, plant
from fedcare.attacks.lower_bound import any_mechanism, gaussian
from fedcare.attacks.rerun import OnRound, rerun
from fedcare.attacks.telling import Telling, tell
from fedcare.attacks.watched import looked_at, seeded, steps
from fedcare.data.preprocessing import preprocessing_from_json
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.study import Study
from fedcare.models.spec import ResNetSpec
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.tasks.size import feature_count
from fedcare.tasks.spec import Task

CANARIES, FEWEST, MOST, CONFIDENCE = 500, 20, 5000, 0.95
# All that is kept of the steps, whatever the size of the model.
MOST_BYTES = 2**28
# He speaks of all canaries, or only of the third that he is surest of; both ways share the doubt between them.
SHARES = (1.0, 1.0 / 3.0)
# Learned numbers of the model for each canary at an institution, and trainings at most.
ROOM, TRAININGS = 4, 8


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


def is_possible(task: Task) -> bool:
    """Whether a row has a gradient of its own: batch norm mixes the rows of a batch."""
    return not (isinstance(task.model, ResNetSpec) and task.model.norm == "batch")


def audit(study: Study, canaries: int, delta: float, confidence: float, seed: int, on_part: OnRound) -> OneRun:
    """Carry out the plan once with so many canaries, and bound its epsilon at ``delta`` from below.

    Of images each institution trains on few of its own, for as many rounds as the attacker looks at; neither changes
    what the plan promises of them, and what holds for the first rounds holds for all. ``on_part`` hears of each round,
    and of each institution that was judged.
    """
    parts, plan = _parts(study, canaries), looked_at(study)
    done, of = count(1), len(parts) * (plan.rounds.rounds + len(study.institutions))

    def tick(*_: int) -> None:
        on_part(next(done), of)

    trainings = [_one_training(study, plan, part, derive_seed(seed, k), tick) for k, part in enumerate(parts)]
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


def _one_training(
    study: Study, plan: TrainingPlan, canaries: int, seed: int, on_part: Callable[[], None]
) -> tuple[Floats, Flags]:
    """Log odds of each canary, and whether it was there."""
    plan = seeded(plan, seed)
    planted = plant(study.task.records, study.institutions, canaries, seed)
    eyes = {each.institution.name: Eye(steps(plan, each), MOST_BYTES // len(planted)) for each in planted}
    outcome = rerun(plan, [each.institution for each in planted], lambda number, rounds: on_part(), eyes)
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    scores = []
    for each in planted:
        name = each.institution.name
        # What a step's sum is divided by is public: the number of rows that was told, noise and all.
        told = outcome.state.announced.get(name, len(each.institution.train))
        attacker = Attacker(study.task, plan, each, preprocessing, told)
        scores.append(attacker.scores(eyes[name]))
        on_part()
    return np.concatenate(scores), np.concatenate([each.inside for each in planted])


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
