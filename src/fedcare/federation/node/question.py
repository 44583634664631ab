"""One question of the coordinator's, as the institution sees it before it does anything about it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import cached_property

from flwr.app import Message, MessageType
from pydantic import ValidationError

from fedcare.errors import FedCareError, PlanRefused
from fedcare.federation.messages import Instruction, asked
from fedcare.plan import TrainingPlan
from fedcare.privacy.secure_sum.wire import Step
from fedcare.tasks.spec import Task
from fedcare.update import Vector

# A plan is a few kilobytes: it is stored and shown to people.
MOST_PLAN_BYTES = 256 * 1024
# What leaves with a step of secure aggregation that holds nothing of any record.
STEPS: dict[Step, str] = {
    "invite": "keys",
    "share": "sealed shares",
    "deliver": "consent to an agreement",
    "survivors": "signature of survivors",
    "reveal": "shares of masks",
    "decrypt": "decrypted total",
}
ANSWERS = {MessageType.QUERY: "statistics", MessageType.TRAIN: "update", MessageType.EVALUATE: "evaluation"}


@dataclass(frozen=True)
class Question:
    """What is asked, by which run, and until when somebody waits for the answer.

    ``run`` is FedCare's name of the run where the coordinator gave one, else Flower's number. ``claimed`` is the hash
    that the run was started with, None where it named none. ``until`` is a time of this machine's monotonic clock, so
    that two clocks that disagree do no harm.
    """

    message: Message
    run: str
    claimed: str | None
    until: float
    instruction: Instruction
    vector: Vector | None

    @classmethod
    def of(cls, message: Message, config: dict[str, object]) -> Question:
        """The question in a message of a run; raises PlanRefused where it is none that a node answers."""
        if message.metadata.message_type not in ANSWERS:
            raise PlanRefused(reason="a node answers three kinds of questions, and this is another")
        try:
            instruction, vector = asked(message)
        except Exception as error:  # Whatever was sent in place of a question.
            raise PlanRefused(reason="this is not a question of FedCare's coordinator") from error
        run = str(config.get("run-id") or message.metadata.run_id)[:100]
        claimed = config.get("plan-hash")
        until = time.monotonic() + message.metadata.ttl
        return cls(message, run, str(claimed) if claimed else None, until, instruction, vector)

    @cached_property
    def plan_hash(self) -> str:
        """SHA-256 of the plan's text as it was sent: what an institution approves."""
        return self.instruction.plan_hash

    @cached_property
    def plan(self) -> TrainingPlan:
        """The plan; raises PlanRefused where the text is not one that this software can follow."""
        return self._recipe[0]

    @property
    def task(self) -> Task:
        """The task that the plan declares; raises PlanRefused."""
        return self._recipe[1]

    @property
    def kind(self) -> str:
        """What would leave the institution with the answer, in the words of the egress log."""
        step = self.instruction.step
        hidden = {"scales": f"masked scales of the {self._kind}"}
        hidden |= {way: f"{way} {self._kind}" for way in ("masked", "encrypted")}
        return STEPS.get(step) or hidden.get(step, self._kind)

    @property
    def trains(self) -> bool:
        """Whether the answer is an update, masked or not."""
        return self._kind == "update"

    @property
    def _kind(self) -> str:
        """What is asked of the records."""
        if self.instruction.split in ("calibration", "support"):
            return self.instruction.split
        return ANSWERS[self.message.metadata.message_type]

    @cached_property
    def digest(self) -> str:
        """Equal for questions that ask exactly the same of the same plan's records, masked for whichever sum."""
        asked_for = self.instruction
        text = f"{self._kind}:{self.plan_hash}:{asked_for.round}:{asked_for.split}:{asked_for.preprocessing}"
        found = hashlib.sha256(text.encode())
        if self.vector is not None:
            found.update(self.vector.data)
        return found.hexdigest()

    def seconds_left(self) -> float:
        """How long somebody still waits for the answer."""
        return self.until - time.monotonic()

    @cached_property
    def _recipe(self) -> tuple[TrainingPlan, Task]:
        if len(self.instruction.plan) > MOST_PLAN_BYTES:
            raise PlanRefused(reason=f"its plan is longer than {MOST_PLAN_BYTES} characters")
        try:
            return self.instruction.recipe()
        except (ValidationError, ValueError, FedCareError) as error:
            reason = "its plan is not one that this node's software can follow; the same FedCare is needed everywhere"
            raise PlanRefused(reason=reason) from error
