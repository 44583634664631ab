"""An institution's side of a run: local records in, answers out. Knows nothing of who carries them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from fedcare.aggregation.exchange import Answer, Split, Sums
from fedcare.data.preprocessing import Preprocessing, preprocessing_from_json, statistics, support_counts
from fedcare.data.records import Images, Institution, Records, Table
from fedcare.federation.messages import Instruction
from fedcare.federation.outgoing import Outgoing
from fedcare.federation.private_answers import PrivateAnswers
from fedcare.models.build import build
from fedcare.models.spec import ModelSpec
from fedcare.models.vector import load_vector, manifest_of, vector_of
from fedcare.plan import derive_seed
from fedcare.privacy.ledger import Ledger
from fedcare.settings import settings
from fedcare.tasks.spec import Task
from fedcare.training import metrics
from fedcare.training import residuals as counts
from fedcare.training.dataset import Dataset, make_dataset
from fedcare.training.device import choose, use_threads_for
from fedcare.training.evaluation import evaluate_together, residuals
from fedcare.training.fixed_features import with_fixed_features
from fedcare.training.local import Witness, train
from fedcare.update import Vector


class Site:
    """One institution's records and what it answers to the coordinator's three questions.

    ``masks``: whether it answers as secure aggregation demands.
    """

    masks = False

    def __init__(
        self, institution: Institution, ledger: Ledger | None = None, *, witness: Witness | None = None
    ) -> None:
        """``ledger`` is charged for private answers, which are refused without one. ``witness`` is shown every step of
        local training, for audits.
        """
        self.name = institution.name
        self._institution = institution
        self._witness = witness
        self._private = PrivateAnswers(institution.name, ledger, witness)
        self.outgoing = Outgoing()
        self._prepared: dict[tuple[str, Split, ModelSpec, bool], Dataset] = {}
        self._preprocessing: tuple[str, Preprocessing] | None = None

    def statistics(self, instruction: Instruction) -> Answer:
        """Round 0: counts, sums and sums of squares of the training rows, or capped counts of what they cover; under
        differential privacy, whatever was asked, the noisy number of rows.
        """
        plan, task = instruction.recipe()
        rows = self._institution.train
        if plan.privacy.dp.enabled:
            return self._private.count(instruction, len(rows))
        if instruction.split == "support":
            sums = support_counts(self.preprocessing(instruction), rows)
        else:
            sums = statistics(task.records, rows)
        return Answer(self.name, sums=sums, examples=len(rows))

    def train(self, instruction: Instruction, vector: Vector) -> Answer:
        """Local training from the global weights; the answer holds the weights it ended with."""
        started = time.perf_counter()
        plan, task = instruction.recipe()
        data = self.dataset(instruction, "train")
        model = working_model(task, len(self.preprocessing(instruction).feature_names))
        load_vector(model, vector)
        if plan.privacy.dp.enabled:
            answer = self._private.update(instruction, model, data)
        else:
            rounds, seed = plan.rounds.rounds, self.seed(instruction)
            result = train(model, data, plan.local, instruction.round, rounds, seed, witness=self._witness)
            seconds = time.perf_counter() - started
            answer = Answer(
                self.name, vector=vector_of(model), examples=result.examples, loss=result.loss, seconds=seconds
            )
        return self.outgoing.leave(plan, instruction.round, vector, manifest_of(model).learned_size, answer)

    def evaluate(self, instruction: Instruction, vector: Vector) -> Answer:
        """Additive sums of the weights' errors on one split; zeros where there are no such rows.

        Under differential privacy noisy ones, whatever split was asked for, of all rows that do not train: no round is
        chosen by the validation rows, and they judge as well as any.
        """
        started = time.perf_counter()
        plan, task = instruction.recipe()
        preprocessing = self.preprocessing(instruction)
        if plan.privacy.dp.enabled:
            model = working_model(task, len(preprocessing.feature_names))
            load_vector(model, vector)
            data = make_dataset(preprocessing, held_out(self._institution), device())
            return self._private.evaluation(instruction, model, data, preprocessing)
        rows = self.records(instruction.split)
        if rows is None or len(rows) == 0:
            return Answer(self.name, sums=np.zeros(answer_size(task, instruction.split)))
        model = working_model(task, len(preprocessing.feature_names))
        load_vector(model, vector)
        data = self.dataset(instruction, instruction.split)
        sums = sums_of(model, [data], task, preprocessing, instruction.split)[0]
        return Answer(self.name, sums=sums, examples=len(rows), seconds=time.perf_counter() - started)

    def records(self, split: Split) -> Records | None:
        """The institution's rows of a split."""
        institution = self._institution
        if split in ("validation", "calibration"):
            return institution.validation
        return institution.train if split == "train" else institution.test

    def seed(self, instruction: Instruction) -> int:
        """The seed of this institution's training in this round."""
        plan, _ = instruction.recipe()
        return derive_seed(plan.seed, instruction.round, self.name, "train")

    def preprocessing(self, instruction: Instruction) -> Preprocessing:
        """The federation's preprocessing, as the coordinator sent it."""
        text = instruction.preprocessing
        if self._preprocessing is None or self._preprocessing[0] != text:
            self._preprocessing = (text, preprocessing_from_json(json.loads(text)))
            self._prepared.clear()
        return self._preprocessing[1]

    def dataset(self, instruction: Instruction, split: Split) -> Dataset:
        """The prepared rows of a split, made once for each preprocessing and model."""
        split = "validation" if split == "calibration" else split
        plan, task = instruction.recipe()
        # What training changes at random has no fixed features; it is judged as it is.
        fixed = split != "train" or plan.local.augment == "none"
        preprocessing, key = self.preprocessing(instruction), (instruction.preprocessing, split, task.model, fixed)
        if key not in self._prepared:
            rows = self.records(split)
            if rows is None:
                raise ValueError(f"{self.name} has no {split} rows")
            data = make_dataset(preprocessing, rows, device())
            model = working_model(task, len(preprocessing.feature_names))
            self._prepared[key] = with_fixed_features(model, data) if fixed else data
        return self._prepared[key]


def held_out(institution: Institution) -> Records:
    """All rows of an institution that do not train."""
    validation, test = institution.validation, institution.test
    if isinstance(validation, Images) and isinstance(test, Images):
        return validation.joined(test)
    if isinstance(validation, Table) and isinstance(test, Table):
        return validation.joined(test)
    return validation


def sums_of(
    model: torch.nn.Module, data: Sequence[Dataset], task: Task, preprocessing: Preprocessing, split: Split
) -> Sums:
    """The sums with which each institution answers an evaluation of this split."""
    if split == "calibration":
        return residuals(model, data, task.records)
    return evaluate_together(model, data, task.kind, preprocessing)


def answer_size(task: Task, split: Split) -> int:
    """Length of one institution's sums of this split."""
    if split == "calibration":
        return counts.size(task.records)
    return metrics.size(task.kind, len(task.records.target.classes))


def device() -> torch.device:
    """The device this process trains on."""
    return choose(settings().device)


def working_model(task: Task, features: int) -> torch.nn.Module:
    """The process's one model of this shape: its weights are overwritten by each answer, so nothing carries over."""
    # Each time: a model of another task may have worked here since, with more threads, which add up in another order.
    use_threads_for(task.model)
    return _model(task.model, features, max(1, len(task.records.target.classes)))


@lru_cache(maxsize=2)
def _model(spec: ModelSpec, features: int, outputs: int) -> torch.nn.Module:
    return build(spec, features, outputs, seed=0).to(device())
