"""The round loop's questions as messages, whoever carries them: what an exchange over any Flower grid has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from flwr.app import MessageType

from fedcare.aggregation.exchange import Answer, Split, Traffic
from fedcare.federation.messages import Instruction
from fedcare.federation.outgoing import arrive
from fedcare.plan import TrainingPlan, canonical_json
from fedcare.update import Vector

OnAnswer = Callable[[Answer], None]


class MessageExchange(ABC):
    """Turns the round loop's calls into instructions; how they are asked is for those who inherit.

    ``on_answer`` hears of each answer that counts, as it comes.
    """

    def __init__(self, plan: TrainingPlan, on_answer: OnAnswer) -> None:
        self.traffic = Traffic()
        self._plan, self._text = plan, plan.canonical()
        self._on_answer = on_answer
        self._preprocessing = ""

    @abstractmethod
    def institutions(self) -> Sequence[str]:
        """Names of the institutions that can be asked now, sorted."""

    @abstractmethod
    def ask(
        self, kind: str, instruction: Instruction, vector: Vector | None, institutions: Sequence[str]
    ) -> list[Answer]:
        """One answer for each institution; one with an error where none came."""

    def statistics(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0's counts and sums."""
        return self.ask(MessageType.QUERY, Instruction(self._text), None, institutions)

    def prepare(self, preprocessing: dict[str, object], rows: int = 0) -> None:
        """The preprocessing that goes with every later question."""
        self._preprocessing = canonical_json(preprocessing)

    def support(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0's capped counts of what the training rows cover."""
        return self.ask(
            MessageType.QUERY, Instruction(self._text, 0, "support", self._preprocessing), None, institutions
        )

    def train(self, round_number: int, vector: Vector, institutions: Sequence[str]) -> list[Answer]:
        """Training from ``vector``."""
        instruction = Instruction(self._text, round_number, "train", self._preprocessing)
        answers = self.ask(MessageType.TRAIN, instruction, vector, institutions)
        return [arrive(self._plan, vector, answer) for answer in answers]

    def evaluate(self, round_number: int, vector: Vector, institutions: Sequence[str], split: Split) -> list[Answer]:
        """Evaluation of ``vector`` on one split."""
        instruction = Instruction(self._text, round_number, split, self._preprocessing)
        return self.ask(MessageType.EVALUATE, instruction, vector, institutions)
