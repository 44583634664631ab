"""What an institution answers under differential privacy: three kinds of answer, each charged before it leaves.

Nothing else leaves: no statistics, no loss, no exact number of rows, no working time, no evaluation between rounds.
The ledger keeps the count and the evaluation, a few numbers each, and gives them again for nothing. An update is as
large as the model and is not kept: lost in a restart, it is made and paid for anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from torch import nn

from fedcare.aggregation.exchange import Answer
from fedcare.errors import BadSetting
from fedcare.federation.messages import Instruction
from fedcare.models.vector import vector_of
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.privacy.ledger import Floats, Ledger
from fedcare.privacy.noise import Chance
from fedcare.privacy.planned import Release, count_noise, evaluation_noise, uses_of
from fedcare.training import noisy_sums
from fedcare.training.dataset import Dataset, Preparation
from fedcare.training.local import Witness
from fedcare.training.private import train_privately


class PrivateAnswers:
    """One institution's noisy answers, charged to its ledger; remembers the number of rows that it told."""

    def __init__(self, institution: str, ledger: Ledger | None, witness: Witness | None) -> None:
        self._name, self._ledger, self._witness = institution, ledger, witness
        self._told: dict[str, int] = {}

    def count(self, instruction: Instruction, rows: int) -> Answer:
        """Round 0: the number of training rows plus noise, at least 1, and nothing else."""
        told = self._count(instruction, rows)
        return Answer(self._name, sums=np.array([told], dtype=np.float64), examples=told)

    def update(self, instruction: Instruction, model: nn.Module, rows: Dataset) -> Answer:
        """Noisy training from the weights that ``model`` comes with; the number of rows is the noisy one."""
        plan, _ = instruction.recipe()
        told = self._told.get(plan.hash) or self._count(instruction, len(rows))
        chance = self._charged("update", instruction)
        train_privately(model, rows, plan, instruction.round, told, chance, self._witness)
        return Answer(self._name, vector=vector_of(model), examples=told, loss=0.0)

    def evaluation(
        self, instruction: Instruction, model: nn.Module, rows: Dataset, preprocessing: Preparation
    ) -> Answer:
        """Noisy sums of the weights' errors on the rows that do not train."""
        plan, task = instruction.recipe()
        if plan.privacy.dp.evaluation == "none":
            raise BadSetting(setting="privacy.dp.evaluation", value="none", reason="the plan lets nobody evaluate")
        kind, classes, noise = task.kind, len(task.records.target.classes), evaluation_noise(plan)
        # Before the ledger is opened, which must not be held for as long as this may take.
        exact = noisy_sums.bounded(model, rows, kind, classes, preprocessing)
        sums = self._released(
            "evaluation",
            instruction,
            _digest(instruction.round, instruction.preprocessing, vector_of(model).tobytes()),
            lambda chance: noisy_sums.released(exact, kind, classes, noise, chance),
        )
        return Answer(self._name, sums=sums)

    def _count(self, instruction: Instruction, rows: int) -> int:
        plan, _ = instruction.recipe()

        def noisy(chance: Chance) -> Floats:
            return np.maximum(1.0, np.round(rows + chance.gaussian(1, count_noise(plan))))

        self._told[plan.hash] = int(self._released("record count", instruction, _digest(), noisy)[0])
        return self._told[plan.hash]

    def _charged(self, what: Release, instruction: Instruction) -> Chance:
        """The chance for one answer, once the ledger holds what it costs. Raises BudgetSpent, and whatever keeps the
        ledger from being written: then nothing is computed.
        """
        plan, _ = instruction.recipe()
        self._open().charge(what, instruction.round, uses_of(plan, what))
        return self._chance(what, instruction)

    def _released(
        self, what: Release, instruction: Instruction, asked: str, noisy: Callable[[Chance], Floats]
    ) -> Floats:
        """A few noisy numbers, which the ledger charges and keeps, or has kept since they were ``asked`` for before.

        Raises as ``_charged`` does: then nothing may leave.
        """
        plan, _ = instruction.recipe()
        question = _digest(what, plan.hash, asked)
        number, uses = instruction.round, uses_of(plan, what)
        return self._open().release(what, number, uses, question, lambda: noisy(self._chance(what, instruction)))

    def _open(self) -> Ledger:
        if self._ledger is None:
            reason = "this institution keeps no ledger of what its patients' privacy has cost; run a FedCare node"
            raise BadSetting(setting="privacy.dp.enabled", value=True, reason=reason)
        return self._ledger

    def _chance(self, what: Release, instruction: Instruction) -> Chance:
        plan, _ = instruction.recipe()
        return Chance(_seed(plan, self._name, what, instruction.round))


def _digest(*parts: str | int | bytes) -> str:
    """Equal for equal parts alone."""
    found = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()


def _seed(plan: TrainingPlan, institution: str, what: Release, round_number: int) -> int | None:
    """None, but for tests that need the same noise twice."""
    return derive_seed(plan.seed, institution, what, round_number) if plan.privacy.dp.seeded_noise else None
