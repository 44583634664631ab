"""The round loop: the coordinator's whole part in a run, as numbered steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

import numpy as np

from fedcare.aggregation.checkpoint import CheckpointWriter, RunState
from fedcare.aggregation.exchange import Exchange, RoundRecord, Split, Sums, Traffic
from fedcare.aggregation.strategy import Strategy
from fedcare.aggregation.validation import usable_sums, usable_updates
from fedcare.data.preprocessing import Preprocessing, add_up, fit, statistics_size, support_size, with_support
from fedcare.errors import QuorumLost, TooFewInstitutions
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.tasks.spec import METRICS, Task
from fedcare.training import metrics
from fedcare.update import Manifest, ModelUpdate, Vector


class Observer(Protocol):
    """Whoever watches a run; called in the loop's own thread, so it must be quick."""

    def round_started(self, round_number: int, institutions: Sequence[str]) -> None:
        """Institutions have been asked to train."""
        ...

    def round_finished(self, record: RoundRecord) -> None:
        """A round stands."""
        ...


HALF = 0.5
"""The probability at which every round is judged; the task's own rule is for the model that comes of them."""


@dataclass(frozen=True)
class Judgement:
    """Pooled metrics and metrics by institution of one set of weights on one split, with the sums behind them."""

    metrics: dict[str, float]
    institutions: dict[str, dict[str, float]]
    pooled: Sums
    threshold: float
    dropped: dict[str, str]


class RoundLoop:
    """Drives a plan over an exchange, from round 0 or from where a checkpoint left off."""

    def __init__(
        self,
        task: Task,
        plan: TrainingPlan,
        manifest: Manifest,
        strategy: Strategy,
        exchange: Exchange,
        observer: Observer,
    ) -> None:
        self.task, self.plan, self.manifest = task, plan, manifest
        self.strategy, self.exchange, self.observer = strategy, exchange, observer
        self.classes = len(task.records.target.classes)

    def begin(self, initial: Vector) -> RunState:
        """Round 0: the federation's statistics become everybody's preprocessing, and the initial weights are judged."""
        present = self._wait_for_institutions()
        size = statistics_size(self.task.records)
        answers = self.exchange.statistics(present)
        sums, dropped = usable_sums(answers, size)
        self._require(0, len(sums), dropped)
        announced = {answer.institution: answer.examples for answer in answers if answer.institution in sums}
        preprocessing = self._with_support(fit(self.task.records, add_up(sums.values())), sorted(sums))
        self.exchange.prepare(preprocessing.to_json())
        judgement = self.judge(0, initial, sorted(sums), "validation", HALF)
        start = self._record(0, [], dropped, judgement)
        return RunState(initial, initial, preprocessing.to_json(), announced, start)

    def _with_support(self, preprocessing: Preprocessing, institutions: Sequence[str]) -> Preprocessing:
        """Ask what the training rows cover; whoever does not say is left out, and where nobody does it stays open.

        Nobody is asked under differential privacy, whose budget does not pay for the counts.
        """
        if self.plan.privacy.dp.enabled:
            return preprocessing
        self.exchange.prepare(preprocessing.to_json())
        sums, _ = usable_sums(self.exchange.support(institutions), support_size(preprocessing))
        return with_support(preprocessing, add_up(sums.values())) if sums else preprocessing

    def run(self, state: RunState, checkpoints: CheckpointWriter) -> RunState:
        """All rounds that are left; ``state`` is changed and returned."""
        self.exchange.prepare(state.preprocessing)
        self.strategy.restore(state.strategy)
        for round_number in range(state.round + 1, self.plan.rounds.rounds + 1):
            self._round(round_number, state)
            checkpoints.write(state)
        checkpoints.wait()
        return state

    def _round(self, round_number: int, state: RunState) -> None:
        started, before = time.perf_counter(), replace(self.exchange.traffic)
        # 1. Choose who takes part.
        chosen = self._sample(round_number, self.plan.rounds.fraction_train, "train")
        self.observer.round_started(round_number, chosen)
        # 2. Let them train from the global weights.
        answers = self.exchange.train(round_number, state.vector, chosen)
        # 3. Keep only answers that can be trusted, and name the others.
        updates, dropped = usable_updates(answers, state.vector, state.announced, self.plan.rounds.outlier_factor)
        # 4. Without enough of them the round does not stand.
        self._require(round_number, len(updates), dropped)
        # 5. Make one set of weights of them.
        state.vector = self.strategy.aggregate(round_number, state.vector, updates, self.manifest)
        state.strategy = self.strategy.state()
        # 6. Judge it on the institutions' validation rows, at one threshold for all rounds: one that is chosen on
        #    these rows anew each time would flatter an untrained model most.
        candidate = self._candidate(state)
        judged_by = self._sample(round_number, self.plan.rounds.fraction_evaluate, "evaluate")
        judgement = self.judge(round_number, candidate, judged_by, "validation", HALF)
        # 7. Remember the round, and the best weights so far.
        record = self._record(round_number, updates, dropped, judgement)
        worked = {answer.institution: round(answer.seconds, 3) for answer in answers if answer.error is None}
        record = replace(record, institution_seconds=worked)
        record = _with_traffic(record, before, self.exchange.traffic, time.perf_counter() - started)
        self._remember(state, record, candidate)
        # 8. Tell whoever watches; the caller writes the checkpoint.
        self.observer.round_finished(record)

    def judge(
        self,
        round_number: int,
        vector: Vector,
        institutions: Sequence[str],
        split: Split,
        threshold: float | None = None,
    ) -> Judgement:
        """Metrics of ``vector`` over all rows of ``split``, from sums that were added up, never from averages.

        ``threshold`` is the probability from which a row counts as positive; None lets the task's rule choose it on
        these very rows, which is for validation rows alone.
        """
        answers = self.exchange.evaluate(round_number, vector, institutions, split)
        sums, dropped = usable_sums(answers, metrics.size(self.task.kind, self.classes))
        if not sums:
            raise QuorumLost(round=round_number, usable=0, needed=1, reasons=_reasons(dropped))
        pooled = np.sum([sums[name] for name in sorted(sums)], axis=0)
        if threshold is None:
            threshold = metrics.best_threshold(pooled) if self._balances() else HALF
        kind, classes = self.task.kind, self.classes
        each = {name: metrics.metrics(kind, classes, own, threshold) for name, own in sums.items()}
        return Judgement(metrics.metrics(kind, classes, pooled, threshold), each, pooled, threshold, dropped)

    def _balances(self) -> bool:
        return self.task.kind == "binary" and self.task.threshold == "balanced"

    def _wait_for_institutions(self) -> Sequence[str]:
        present = self.exchange.institutions()
        needed = self.plan.rounds.min_available
        if len(present) < needed:
            hint = "Connect more nodes, or lower min_available."
            raise TooFewInstitutions(found=len(present), needed=needed, hint=hint)
        return present

    def _sample(self, round_number: int, fraction: float, purpose: str) -> list[str]:
        present = list(self.exchange.institutions())
        count = min(len(present), max(ceil(fraction * len(present)), self.plan.rounds.min_per_round))
        if count == len(present):
            return present
        chooser = np.random.default_rng(derive_seed(self.plan.seed, round_number, "sample", purpose))
        return sorted(chooser.choice(present, size=count, replace=False).tolist())

    def _require(self, round_number: int, usable: int, dropped: dict[str, str]) -> None:
        needed = max(self.plan.rounds.min_per_round, self.strategy.minimum_updates)
        if usable < needed:
            raise QuorumLost(round=round_number, usable=usable, needed=needed, reasons=_reasons(dropped))

    def _candidate(self, state: RunState) -> Vector:
        if (last := self.plan.selection.average_last) > 1:
            state.recent = [*state.recent, state.vector][-last:]
        return state.candidate

    def _record(
        self, round_number: int, updates: Sequence[ModelUpdate], dropped: dict[str, str], judgement: Judgement
    ) -> RoundRecord:
        rows = sum(update.examples for update in updates)
        loss = sum(update.metrics["loss"] * update.examples for update in updates) / rows if rows else np.nan
        return RoundRecord(
            round=round_number,
            metrics=judgement.metrics,
            institutions=judgement.institutions,
            train_loss=loss if np.isfinite(loss) else None,
            participants={update.institution: update.examples for update in updates},
            dropped={**judgement.dropped, **dropped},
        )

    def _remember(self, state: RunState, record: RoundRecord, candidate: Vector) -> None:
        state.round = record.round
        state.history.append(record)
        if state.best_round == 0 or self._better(record, state.history[state.best_round - 1]):
            state.best, state.best_round = candidate, record.round

    def _better(self, new: RoundRecord, old: RoundRecord) -> bool:
        """Whether the deciding metric rose; between equals the lower loss decides."""
        metric = self.plan.selection.metric or self.task.deciding_metric
        if metric not in new.metrics or metric not in old.metrics:
            return metric in new.metrics
        higher = METRICS[self.task.kind][metric] == "higher"
        gain = (new.metrics[metric] - old.metrics[metric]) * (1.0 if higher else -1.0)
        return gain > 0 or (gain == 0 and new.metrics["loss"] < old.metrics["loss"])


def _with_traffic(record: RoundRecord, before: Traffic, after: Traffic, seconds: float) -> RoundRecord:
    return replace(
        record,
        seconds=seconds,
        bytes_sent=after.sent - before.sent,
        bytes_received=after.received - before.received,
        late_answers=after.late - before.late,
    )


def _reasons(dropped: dict[str, str]) -> str:
    return "; ".join(f"{name}: {reason}" for name, reason in sorted(dropped.items()))
