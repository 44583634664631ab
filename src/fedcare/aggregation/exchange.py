"""What the round loop needs of whoever carries its questions to the institutions and their answers back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from fedcare.update import Vector

# "calibration" are the validation rows once more, answered with the counts of ``training.residuals``; "support" are the
# training rows, answered with those of ``data.support``.
Split = Literal["train", "validation", "test", "calibration", "support"]
Sums = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """One institution's answer to one question; ``error`` says why there is none that can be used.

    ``vector``: weights after local training. ``compressed``: their movement as bytes while it travels, in place of
    ``vector`` (``aggregation.compression``). ``sums``: additive counts and sums (round 0, or an evaluation).
    ``examples``: rows behind the answer. ``loss``: mean training loss. ``seconds``: the institution's own work.
    ``members``: the institutions behind an answer that secure aggregation made of several; their rows are added up,
    their weights are the mean by rows, and ``institution`` names the group. ``payload``: what a step of secure
    aggregation answers, as bytes.
    """

    institution: str
    error: str | None = None
    vector: Vector | None = None
    sums: Sums | None = None
    examples: int = 0
    loss: float = float("nan")
    seconds: float = 0.0
    members: tuple[str, ...] = ()
    compressed: npt.NDArray[np.uint8] | None = None
    payload: npt.NDArray[np.uint8] | None = None

    @property
    def has_update(self) -> bool:
        """Whether the answer is that to a training question."""
        return self.vector is not None or self.compressed is not None

    @property
    def behind(self) -> tuple[str, ...]:
        """The institutions whose answer this is: one, but for a group's."""
        return self.members or (self.institution,)


@dataclass
class Traffic:
    """Bytes of payload that went out to the institutions and came back, and answers that came too late to count."""

    sent: int = 0
    received: int = 0
    late: int = 0


class Exchange(Protocol):
    """Carries one question to some institutions; missing answers come back as ``Answer`` with an error."""

    traffic: Traffic

    def institutions(self) -> Sequence[str]:
        """Names of the institutions that can be asked now, sorted."""
        ...

    def statistics(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0: counts and sums from which the federation's preprocessing is computed."""
        ...

    def prepare(self, preprocessing: dict[str, object], rows: int = 0) -> None:
        """The preprocessing that every later question goes with; ``rows``: all training rows that were announced."""
        ...

    def support(self, institutions: Sequence[str]) -> list[Answer]:
        """Round 0, after ``prepare``: capped counts of what the training rows cover."""
        ...

    def train(self, round_number: int, vector: Vector, institutions: Sequence[str]) -> list[Answer]:
        """Train from ``vector`` on local rows. Where they answer in masked groups, these are dealt in the order of
        ``institutions``.
        """
        ...

    def evaluate(self, round_number: int, vector: Vector, institutions: Sequence[str], split: Split) -> list[Answer]:
        """Evaluate ``vector`` on local rows of ``split``; an institution without such rows answers sums of zero."""
        ...


@dataclass(frozen=True)
class RoundRecord:
    """What is remembered of one round.

    ``metrics``: pooled over all validation rows that were evaluated, classes told apart at a probability of one half.
    ``institutions``: the same per institution.
    ``participants``: training rows of each institution whose update counted, 0 where secure aggregation keeps them
    secret; ``examples``: all of them together. ``dropped``: why an answer did not.
    ``bytes_sent`` and ``bytes_received`` are payload bytes; ``seconds`` is the round's duration. ``late_answers`` came
    during it, to questions of earlier rounds. ``institution_seconds``: how long each institution trained.
    ``rolled_back``: why the round's weights were thrown away; the next round began where this one had.
    ``bounded_loss``: the median institution's on its validation rows, or that of all rows where only sums are known
    (``training.metrics.bounded_loss``). ``doubtful``: participants in masked groups that the round was not clearly
    better for.
    """

    round: int
    metrics: dict[str, float]
    institutions: dict[str, dict[str, float]]
    train_loss: float | None
    participants: dict[str, int]
    dropped: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    bytes_sent: int = 0
    bytes_received: int = 0
    late_answers: int = 0
    institution_seconds: dict[str, float] = field(default_factory=dict)
    rolled_back: str | None = None
    examples: int = 0
    bounded_loss: float | None = None
    doubtful: list[str] = field(default_factory=list)
