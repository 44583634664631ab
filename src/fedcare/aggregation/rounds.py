"""The round loop: the coordinator's whole part in a run, as numbered steps."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from fedcare.aggregation.acceptance import Judged, gain, refusal
from fedcare.aggregation.checkpoint import CheckpointWriter, RunState
from fedcare.aggregation.choosing import Choosing
from fedcare.aggregation.exchange import Answer, Exchange, RoundRecord, Split, Sums, Traffic
from fedcare.aggregation.judging import HALF, NOBODY, Judgement, judge, reasons
from fedcare.aggregation.leaving_out import Attempt, best_attempt
from fedcare.aggregation.strategy import Strategy
from fedcare.aggregation.suspicion import SITS_OUT
from fedcare.aggregation.validation import usable_sums, usable_updates
from fedcare.data.declared import declared
from fedcare.data.preprocessing import Preprocessing, add_up, fit, statistics_size, support_size, with_support
from fedcare.errors import BadSetting, NothingAccepted, QuorumLost
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.privacy.planned import evaluation_noise
from fedcare.tasks.spec import METRICS, Task
from fedcare.update import Manifest, ModelUpdate, Vector


class Observer(Protocol):
    """Whoever watches a run; called in the loop's own thread, so it must be quick."""

    def round_started(self, round_number: int, institutions: Sequence[str]) -> None:
        """Institutions have been asked to train."""
        ...

    def round_finished(self, record: RoundRecord) -> None:
        """A round stands, or was rolled back."""
        ...


@dataclass(frozen=True)
class Pooled:
    """Figures over all rows alone."""

    metrics: Mapping[str, float]
    institutions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


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
        self.private = plan.privacy.dp.enabled
        self._choosing = Choosing(plan, exchange)

    def begin(self, initial: Vector) -> RunState:
        """Round 0: the federation's statistics become everybody's preprocessing, and the initial weights are judged."""
        present = self._choosing.present()
        answers = self.exchange.statistics(present)
        sums, dropped = usable_sums(answers, 1 if self.private else statistics_size(self.task.records))
        self._require(0, _behind(answers, sums), dropped)
        self._require_comparable(len(sums), dropped)
        announced = {answer.institution: answer.examples for answer in answers if answer.institution in sums}
        counted = sorted(name for each in answers if each.institution in sums for name in each.behind)
        preprocessing = self._preprocessing(sums, counted)
        self.exchange.prepare(preprocessing.to_json())
        judgement = NOBODY if self.private else self.judge(0, initial, counted, "validation", HALF)
        start = self._record(0, [], dropped, judgement)
        return RunState(initial, initial, preprocessing.to_json(), announced, start)

    def _preprocessing(self, sums: Mapping[str, Sums], institutions: Sequence[str]) -> Preprocessing:
        """From the federation's statistics, and from what its rows cover as far as institutions say; whoever does not
        is left out. Under differential privacy the budget pays for neither, and what is declared has to do.
        """
        if self.private:
            return declared(self.task.records)
        preprocessing = fit(self.task.records, add_up(sums.values()))
        self.exchange.prepare(preprocessing.to_json())
        counts, _ = usable_sums(self.exchange.support(institutions), support_size(preprocessing))
        return with_support(preprocessing, add_up(counts.values())) if counts else preprocessing

    def run(self, state: RunState, checkpoints: CheckpointWriter) -> RunState:
        """All rounds that are left; ``state`` is changed and returned.

        Raises QuorumLost, and NothingAccepted where every round was rolled back.
        """
        self.exchange.prepare(state.preprocessing, sum(state.announced.values()))
        self.strategy.restore(state.strategy)
        for round_number in range(state.round + 1, self.plan.rounds.rounds + 1):
            self._round(round_number, state)
            checkpoints.write(state)
        checkpoints.wait()
        if state.best_round == 0:
            raise NothingAccepted(rounds=state.round, reason=state.history[-1].rolled_back)
        return state

    def _round(self, round_number: int, state: RunState) -> None:
        started, before = time.perf_counter(), replace(self.exchange.traffic)
        # 1. Choose who takes part.
        suspected, away = self._choosing.suspected(state.history)
        chosen = self._choosing.sample(round_number, self.plan.rounds.fraction_train, "train", away)
        self.observer.round_started(round_number, chosen)
        # 2. Let them train from the global weights.
        asked = self._choosing.dealt(round_number, chosen, suspected)
        answers = self._weighed(self.exchange.train(round_number, state.vector, asked), state.announced)
        # 3. Keep only answers that can be trusted, and name the others.
        policy, defence = self.plan.rounds, self.plan.defence
        updates, dropped = usable_updates(
            answers, state.vector, state.announced, policy.outlier_factor, defence.norm_bound
        )
        dropped |= dict.fromkeys(away, SITS_OUT)
        # 4. Without enough of them the round does not stand.
        former = replace(state)
        doubtful: Set[str] = frozenset()
        lost = self._lost(round_number, answers, updates, dropped)
        if lost is None:
            # 5. Make one set of weights of them.
            # 6. Judge it on the institutions' validation rows, at one threshold for all rounds: one that is chosen on
            #    these rows anew each time would flatter an untrained model most. Where it does harm, try without one.
            attempt = self._best_attempt(round_number, state, former, updates, suspected)
            updates, candidate, judgement = [*attempt.updates], attempt.candidate, attempt.judgement
            lost, dropped, doubtful = attempt.refusal, {**dropped, **attempt.left_out}, attempt.doubtful
        else:
            candidate, judgement = former.vector, NOBODY
        # 7. Remember the round, and the best weights so far; where the round did harm, go back to the former weights.
        record = replace(self._record(round_number, updates, dropped, judgement), rolled_back=lost)
        worked = {each.institution: round(each.seconds, 3) for each in answers if not (each.error or each.members)}
        record = replace(record, institution_seconds=worked, doubtful=sorted(record.participants.keys() & doubtful))
        record = _with_traffic(record, before, self.exchange.traffic, time.perf_counter() - started)
        if lost is not None:
            self._roll_back(state, former)
        self._remember(state, record, candidate)
        # 8. Tell whoever watches; the caller writes the checkpoint.
        self.observer.round_finished(record)

    def _lost(
        self, round_number: int, answers: Sequence[Answer], updates: Sequence[ModelUpdate], dropped: dict[str, str]
    ) -> str | None:
        """Why the round cannot stand; None where it can. Raises QuorumLost where the run cannot go on either.

        With an acceptance test the run goes on where enough institutions answered and too few answers could be
        trusted: otherwise one member, hidden in a masked group, could end any run.
        """
        came = sum(len(answer.behind) for answer in answers if answer.error is None)
        try:
            self._require(round_number, sum(len(update.participants) for update in updates), dropped)
            self._require_updates(round_number, len(updates), dropped)
        except QuorumLost as error:
            if self.plan.defence.acceptance is None or came < self.plan.rounds.min_per_round:
                raise
            return str(error)
        return None

    def _weighed(self, answers: Sequence[Answer], announced: Mapping[str, int]) -> Sequence[Answer]:
        """The answers with the weights they count by. Private ones count by the noisy number of rows of round 0:
        an institution that lost it, in a restart, would tell of another.
        """
        if not self.private:
            return answers
        return [replace(each, examples=announced.get(each.institution, each.examples)) for each in answers]

    def _judge_round(self, round_number: int, candidate: Vector) -> Judgement:
        """The round's figures on validation rows; nobody's where no institution can evaluate the weights.

        Without an acceptance test the latter raises QuorumLost. Under differential privacy nobody is asked: a round's
        figures would cost budget and change nothing.
        """
        if self.private:
            return NOBODY
        judged_by = self._choosing.sample(round_number, self.plan.rounds.fraction_evaluate, "evaluate")
        try:
            return self.judge(round_number, candidate, judged_by, "validation", HALF)
        except QuorumLost as error:
            if self.plan.defence.acceptance is None:
                raise
            return replace(NOBODY, dropped=dict.fromkeys(judged_by, str(error)))

    def _attempt(self, round_number: int, state: RunState, updates: Sequence[ModelUpdate]) -> Attempt:
        """The round with these updates: ``state`` gets its weights, and the institutions say what they are worth."""
        state.vector = self.strategy.aggregate(round_number, state.vector, updates, self.manifest)
        state.strategy = self.strategy.state()
        candidate = self._candidate(state)
        after, judgement = replace(state), self._judge_round(round_number, candidate)
        tolerance = self.plan.defence.acceptance
        if tolerance is None:
            return Attempt(updates, candidate, judgement, after)
        if not judgement.metrics:
            return Attempt(updates, candidate, judgement, after, refusal="no institution could evaluate its weights")
        stood = state.history[state.best_round - 1] if state.best_round else state.start
        gained = self._gain(stood, judgement, judgement.dropped)
        refused = refusal(gained, self._metric, tolerance)
        if refused is not None and state.best_round == 0:
            # How well an untrained model ranks patients is luck, and no bar for a round that fits them better.
            refused = refusal(gain(stood, judgement, "loss", False, judgement.dropped), "loss", tolerance)
        return Attempt(updates, candidate, judgement, after, gained, refused)

    def _best_attempt(
        self, round_number: int, state: RunState, former: RunState, updates: Sequence[ModelUpdate], suspected: Set[str]
    ) -> Attempt:
        """The round with all updates, or in a plan with an acceptance test without those that it is better without."""

        def attempt(some: Sequence[ModelUpdate]) -> Attempt:
            self._roll_back(state, former)
            return self._attempt(round_number, state, some)

        tolerance = self.plan.defence.acceptance
        if tolerance is None:
            return self._attempt(round_number, state, updates)
        seed = derive_seed(self.plan.seed, round_number, "parts")
        best = best_attempt(attempt, self._enough, updates, suspected, tolerance, seed)
        self._roll_back(state, best.after)
        return best

    def _enough(self, updates: Sequence[ModelUpdate]) -> bool:
        behind = sum(len(update.participants) for update in updates)
        return behind >= self.plan.rounds.min_per_round and len(updates) >= max(1, self.strategy.minimum_updates)

    def _roll_back(self, state: RunState, former: RunState) -> None:
        state.vector, state.strategy, state.recent = former.vector, former.strategy, former.recent
        self.strategy.restore(state.strategy)

    def judge(
        self,
        round_number: int,
        vector: Vector,
        institutions: Sequence[str],
        split: Split,
        threshold: float | None = None,
    ) -> Judgement:
        """What ``vector`` is worth on all rows of ``split``, as ``judging.judge`` says it."""
        answers = self.exchange.evaluate(round_number, vector, institutions, split)
        noise = evaluation_noise(self.plan) if self.private else None
        return judge(self.task, answers, round_number, noise, threshold)

    def _require(self, round_number: int, institutions: int, dropped: dict[str, str]) -> None:
        needed = self.plan.rounds.min_per_round
        if institutions < needed:
            raise QuorumLost(round=round_number, usable=institutions, needed=needed, reasons=reasons(dropped))

    def _require_updates(self, round_number: int, updates: int, dropped: dict[str, str]) -> None:
        """A strategy counts what it compares: of a masked group it sees one update."""
        needed = self.strategy.minimum_updates
        if updates < needed:
            raise QuorumLost(round=round_number, usable=updates, needed=needed, reasons=reasons(dropped))

    def _require_comparable(self, institutions: int, dropped: dict[str, str]) -> None:
        """Before the first round: whether there will ever be as many updates as the strategy has to compare."""
        secure, needed = self.plan.privacy.secure, self.strategy.minimum_updates
        if not secure.enabled:
            self._require_updates(0, institutions, dropped)
        elif secure.groups < needed:
            reason = f"it compares {needed} updates, and secure aggregation shows one a group; raise secure.groups"
            raise BadSetting(setting="strategy.name", value=self.plan.strategy.name, reason=reason)

    def _candidate(self, state: RunState) -> Vector:
        if (last := self.plan.selection.average_last) > 1:
            state.recent = [*state.recent, state.vector][-last:]
        return state.candidate

    def _record(
        self, round_number: int, updates: Sequence[ModelUpdate], dropped: dict[str, str], judgement: Judgement
    ) -> RoundRecord:
        rows = sum(update.examples for update in updates)
        known = rows and not self.private
        loss = sum(update.metrics["loss"] * update.examples for update in updates) / rows if known else np.nan
        return RoundRecord(
            round=round_number,
            metrics=judgement.metrics,
            institutions=judgement.institutions,
            train_loss=loss if np.isfinite(loss) else None,
            participants={name: rows for update in updates for name, rows in update.participants.items()},
            dropped={**judgement.dropped, **dropped},
            examples=rows,
            bounded_loss=judgement.median_bounded_loss,
        )

    def _remember(self, state: RunState, record: RoundRecord, candidate: Vector) -> None:
        state.round = record.round
        state.history.append(record)
        if record.rolled_back is None and self._is_best(state, record):
            state.best, state.best_round = candidate, record.round

    def _is_best(self, state: RunState, record: RoundRecord) -> bool:
        if self.private:
            return True  # Without figures to choose by, the newest is the best guess.
        return state.best_round == 0 or self._better(record, state.history[state.best_round - 1])

    @property
    def _metric(self) -> str:
        return self.plan.selection.metric or self.task.deciding_metric

    def _gain(self, old: Judged, new: Judged, unable: Collection[str] = ()) -> float | None:
        return gain(old, new, self._metric, METRICS[self.task.kind][self._metric] == "higher", unable)

    def _better(self, new: RoundRecord, old: RoundRecord) -> bool:
        """Whether the deciding metric rose; between equals the lower loss decides.

        Of classes the bounded loss decides where the plan defends itself against members that lie: their rows speak for
        the worse of two models, and there they speak least. How patients are ranked tells late rounds apart no more.
        Of numbers it is the metric of the median institution, as whoever claims enough rows decides what is pooled.
        """
        defended = self.plan.defence.acceptance is not None
        if defended and new.bounded_loss is not None and old.bounded_loss is not None:
            return new.bounded_loss < old.bounded_loss
        if self._metric not in new.metrics or self._metric not in old.metrics:
            return self._metric in new.metrics
        gained = self._gain(old, new) if defended else self._gain(Pooled(old.metrics), Pooled(new.metrics))
        return gained > 0 if gained else new.metrics["loss"] < old.metrics["loss"]


def _behind(answers: Iterable[Answer], kept: Collection[str]) -> int:
    """How many institutions' answers these are."""
    return sum(len(answer.behind) for answer in answers if answer.institution in kept)


def _with_traffic(record: RoundRecord, before: Traffic, after: Traffic, seconds: float) -> RoundRecord:
    return replace(
        record,
        seconds=seconds,
        bytes_sent=after.sent - before.sent,
        bytes_received=after.received - before.received,
        late_answers=after.late - before.late,
    )
