"""What an institution answers under differential privacy: three kinds of answer, each charged before it is made.

Nothing else leaves: no statistics, no loss, no exact number of rows, no working time, no evaluation between rounds.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from fedcare.aggregation.exchange import Answer
from fedcare.errors import BadSetting
from fedcare.federation.messages import Instruction
from fedcare.models.vector import vector_of
from fedcare.plan import TrainingPlan, derive_seed
from fedcare.privacy.ledger import Ledger
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
        # Lost in a restart, it is told anew, and paid for anew.
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
        chance = self._charged("evaluation", instruction)
        classes, noise = len(task.records.target.classes), evaluation_noise(plan)
        sums = noisy_sums.released(model, rows, task.kind, classes, preprocessing, noise, chance)
        return Answer(self._name, sums=sums)

    def _count(self, instruction: Instruction, rows: int) -> int:
        plan, _ = instruction.recipe()
        noise = self._charged("record count", instruction).gaussian(1, count_noise(plan))
        self._told[plan.hash] = max(1, round(rows + float(noise[0])))
        return self._told[plan.hash]

    def _charged(self, what: Release, instruction: Instruction) -> Chance:
        """The chance for one answer, once the ledger holds what it costs. Raises BudgetSpent, and whatever keeps the
        ledger from being written: then nothing is computed.
        """
        plan, _ = instruction.recipe()
        if self._ledger is None:
            reason = "this institution keeps no ledger of what its patients' privacy has cost; run a FedCare node"
            raise BadSetting(setting="privacy.dp.enabled", value=True, reason=reason)
        self._ledger.charge(what, instruction.round, uses_of(plan, what))
        return Chance(_seed(plan, self._name, what, instruction.round))


def _seed(plan: TrainingPlan, institution: str, what: Release, round_number: int) -> int | None:
    """None, but for tests that need the same noise twice."""
    return derive_seed(plan.seed, institution, what, round_number) if plan.privacy.dp.seeded_noise else None
