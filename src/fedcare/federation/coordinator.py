"""The coordinator's side of a run: start or resume it, drive it to its end, judge what came out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fedcare.aggregation.checkpoint import CheckpointWriter, RunState, load
from fedcare.aggregation.exchange import Exchange, Split
from fedcare.aggregation.judging import NOBODY, Judgement
from fedcare.aggregation.rounds import Observer, RoundLoop
from fedcare.aggregation.strategy import create
from fedcare.aggregation.validation import usable_sums
from fedcare.models.build import build
from fedcare.models.vector import manifest_of, vector_of
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.tasks.size import feature_count
from fedcare.tasks.spec import Task
from fedcare.training import metrics, residuals
from fedcare.training.calibration import Calibration
from fedcare.training.intervals import fit_intervals
from fedcare.training.probabilities import fit_probabilities
from fedcare.update import Manifest, Vector


@dataclass(frozen=True)
class Outcome:
    """A finished run: its last state, the best round's weights judged once more, and on what.

    ``judgement`` is on the test rows where institutions hold any, with the threshold from the validation rows.
    ``calibration`` comes from the validation rows, and is None for more than two classes.
    Of a private run: the last round's weights, judged with noise on all rows that did not train, or on none where the
    plan says so. Calibration takes many more counts than the budget of a run pays for, and is None.
    """

    state: RunState
    manifest: Manifest
    judgement: Judgement
    judged_on: Split
    calibration: Calibration | None = None


def coordinate(
    plan: TrainingPlan, exchange: Exchange, folder: Path, observer: Observer, resumed: Callable[[int], None]
) -> Outcome:
    """Run ``plan`` over ``exchange``, with checkpoints in ``folder``, from where an earlier process stopped if any did.

    ``resumed`` is told the round that the run goes on after. Raises TooFewInstitutions, QuorumLost, StorageFull.
    """
    task = Task.model_validate(plan.task)
    state = load(folder)
    if state is not None:
        resumed(state.round)
    manifest, initial = initial_weights(task, plan.seed, feature_count(task))
    loop = RoundLoop(task, plan, manifest, create(plan.strategy), exchange, observer)
    state = state or loop.begin(initial)
    writer = CheckpointWriter(folder)
    try:
        loop.run(state, writer)
    finally:
        writer.close()
    if plan.privacy.dp.enabled:
        return Outcome(state, manifest, _judge_last(loop, exchange, state), "test")
    validation, judgement, judged_on = _judge_best(loop, exchange, state)
    return Outcome(state, manifest, judgement, judged_on, _calibrate(task, exchange, state, validation))


def initial_weights(task: Task, seed: int, features: int) -> tuple[Manifest, Vector]:
    """The weights every run of this plan starts from, and what they are."""
    outputs = max(1, len(task.records.target.classes))
    model = build(task.model, features, outputs, derive_seed(seed, "initial"))
    return manifest_of(model), vector_of(model)


def _judge_best(loop: RoundLoop, exchange: Exchange, state: RunState) -> tuple[Judgement, Judgement, Split]:
    present = exchange.institutions()
    validation = loop.judge(state.best_round, state.best, present, "validation")
    test = loop.judge(state.best_round, state.best, present, "test", validation.threshold)
    return (validation, test, "test") if test.metrics else (validation, validation, "validation")


def _judge_last(loop: RoundLoop, exchange: Exchange, state: RunState) -> Judgement:
    if loop.plan.privacy.dp.evaluation == "final":
        return loop.judge(state.best_round, state.best, exchange.institutions(), "test")
    return replace(NOBODY, pooled=np.zeros(metrics.size(loop.task.kind, len(loop.task.records.target.classes))))


def _calibrate(task: Task, exchange: Exchange, state: RunState, validation: Judgement) -> Calibration | None:
    """What the version will know of its errors. A number needs one more question; two classes were answered already.

    Errors are measured with the last round's weights: the best round was chosen on these very rows, where it errs a
    little less than elsewhere. A run that worsened late therefore gets intervals that are too wide, never too narrow.
    Institutions that do not answer are left out: the run is over, and its weights stand without an interval.
    """
    if task.kind == "binary":
        return fit_probabilities(validation.pooled, validation.threshold)
    if task.kind != "regression":
        return None
    answers = exchange.evaluate(state.round, state.candidate, exchange.institutions(), "calibration")
    sums, _ = usable_sums(answers, residuals.size(task.records))
    if not sums:
        return None
    intervals = fit_intervals(task.records, sums, float(state.preprocessing["target_scale"]))
    # A masked group is nobody who could ask for widths of its own.
    return replace(intervals, institutions={}) if any(answer.members for answer in answers) else intervals
