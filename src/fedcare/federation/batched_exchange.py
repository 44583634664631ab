"""Small models, all institutions of a round trained together: one batched matrix product instead of many tiny ones."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from fedcare.aggregation.exchange import Answer, Split, Traffic
from fedcare.federation.messages import Instruction
from fedcare.federation.outgoing import arrive
from fedcare.federation.questions import OnAnswer
from fedcare.federation.site import Site, answer_size, sums_of, working_model
from fedcare.models.vector import load_vector
from fedcare.plan import TrainingPlan, canonical_json
from fedcare.tasks.spec import Task
from fedcare.training.batched import Together
from fedcare.training.dataset import Dataset
from fedcare.training.device import use_threads_for
from fedcare.update import Vector


class BatchedExchange:
    """Answers the round loop for all sites at once, without messages.

    Steps, seeds and sums are those of ``Site``; weights agree with it to about 1e-6, since a batched product adds up
    in another order. Traffic is counted as the messages would have been.
    """

    def __init__(self, sites: Sequence[Site], plan: TrainingPlan, on_answer: OnAnswer) -> None:
        self.traffic = Traffic()
        self._sites = {site.name: site for site in sites}
        self._plan, self._text = plan, plan.canonical()
        self._task = Task.model_validate(plan.task)
        self._on_answer = on_answer
        self._preprocessing = ""
        self._kept: tuple[tuple[str, ...], Together] | None = None

    def institutions(self) -> Sequence[str]:
        """All of them, sorted."""
        return sorted(self._sites)

    def statistics(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0's counts and sums."""
        return self._count([self._sites[name].statistics(Instruction(self._text)) for name in institutions])

    def prepare(self, preprocessing: dict[str, object], rows: int = 0) -> None:
        """The preprocessing that goes with every later question."""
        self._preprocessing = canonical_json(preprocessing)

    def support(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0's capped counts of what the training rows cover."""
        question = Instruction(self._text, 0, "support", self._preprocessing)
        return self._count([self._sites[name].statistics(question) for name in institutions])

    def train(self, round_number: int, vector: Vector, institutions: Sequence[str]) -> list[Answer]:
        """Training of all from ``vector`` at once."""
        started = time.perf_counter()
        question = Instruction(self._text, round_number, "train", self._preprocessing)
        sites = [self._sites[name] for name in institutions]
        use_threads_for(self._task.model, together=len(sites))
        data = [site.dataset(question, "train") for site in sites]
        seeds = [site.seed(question) for site in sites]
        vectors, losses = self._together(tuple(institutions), data, len(vector)).train(vector, round_number, seeds)
        self.traffic.sent += vector.nbytes * len(sites)
        seconds = (time.perf_counter() - started) / len(sites)
        answers = [
            # A perceptron has no buffers: all of its weights are learned.
            site.outgoing.leave(
                self._plan,
                round_number,
                vector,
                len(vector),
                Answer(site.name, vector=own, examples=len(rows), loss=float(loss), seconds=seconds),
            )
            for site, own, rows, loss in zip(sites, vectors, data, losses, strict=True)
        ]
        return [arrive(self._plan, vector, answer) for answer in self._count(answers)]

    def _together(self, names: tuple[str, ...], data: Sequence[Dataset], parameters: int) -> Together:
        """The former round's, as long as the same institutions take part."""
        if self._kept is None or self._kept[0] != names:
            self._kept = names, Together(self._task.model, parameters, data, self._plan.local, self._plan.rounds.rounds)
        return self._kept[1]

    def evaluate(self, round_number: int, vector: Vector, institutions: Sequence[str], split: Split) -> list[Answer]:
        """Evaluation at all institutions in one pass."""
        question = Instruction(self._text, round_number, split, self._preprocessing)
        sites = [self._sites[name] for name in institutions]
        holders = [site for site in sites if (rows := site.records(split)) is not None and len(rows)]
        empty = np.zeros(answer_size(self._task, split))
        sums = {site.name: empty for site in sites}
        if holders:
            use_threads_for(self._task.model)
            preprocessing = holders[0].preprocessing(question)
            model = working_model(self._task, len(preprocessing.feature_names))
            load_vector(model, vector)
            data = [site.dataset(question, split) for site in holders]
            rows_of = sums_of(model, data, self._task, preprocessing, split)
            sums |= {site.name: own for site, own in zip(holders, rows_of, strict=True)}
        self.traffic.sent += vector.nbytes * len(sites)
        return self._count([Answer(site.name, sums=sums[site.name]) for site in sites])

    def _count(self, answers: list[Answer]) -> list[Answer]:
        for answer in answers:
            arrays = [array for array in (answer.vector, answer.compressed, answer.sums) if array is not None]
            self.traffic.received += sum(array.nbytes for array in arrays)
            self._on_answer(answer)
        return answers
