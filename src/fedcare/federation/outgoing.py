"""What happens to an institution's weights before they leave it, and the other way round at the coordinator.

At the institution: movement of the weights, shortened to the plan's bound, compressed. At the coordinator the same
steps backwards, before the round loop sees an answer. Where a plan asks for none of it, nothing is touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fedcare.aggregation.compression import Feedback, decoded
from fedcare.aggregation.exchange import Answer
from fedcare.aggregation.kept_back import KeptBack
from fedcare.plan import TrainingPlan
from fedcare.privacy.norm_bound import norm, shortened
from fedcare.update import Vector


@dataclass(frozen=True)
class Pending:
    """An update between two questions about it: ``question`` is the hash of the first, ``answer`` holds the movement
    of the weights in place of the weights.
    """

    question: str
    round: int
    answer: Answer


class Outgoing:
    """One institution's way out in one run: compression remembers what it kept back.

    That is forgotten with the process, unless ``folder`` is there to keep it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.feedback = Feedback(KeptBack(folder))
        self.pending: Pending | None = None

    def leave(self, plan: TrainingPlan, round_number: int, current: Vector, learned: int, answer: Answer) -> Answer:
        """A training answer as it travels. ``learned``: length of the first part of the weights, see ``Manifest``."""
        bound, compression = plan.defence.norm_bound, plan.compression
        if answer.vector is None or (bound is None and compression.method == "none"):
            return answer
        movement = answer.vector - current
        if not np.isfinite(norm(movement)):
            return _without(answer, "weights hold NaN or infinity")
        if compression.method == "none":
            short = shortened(movement, bound)
            return answer if short is movement else replace(answer, vector=current + short)
        if plan.privacy.secure.enabled:
            # Compressed where it is masked, on the scale that all share.
            return replace(answer, vector=current + self.feedback.wanted(round_number, movement, bound))
        data = self.feedback.compress(round_number, movement, learned, compression, bound)
        return replace(answer, vector=None, compressed=data)


def arrive(plan: TrainingPlan, current: Vector, answer: Answer) -> Answer:
    """A training answer as the round loop sees it; one that cannot be decompressed has an error instead."""
    # Under masks the sum has been made weights again already.
    compressed = plan.compression.method != "none" and not plan.privacy.secure.enabled
    if answer.error is not None or (not compressed and answer.compressed is None):
        return answer
    if answer.compressed is None or not compressed:
        return _without(answer, "its update is not compressed as the plan asks")
    try:
        vector = current + decoded(answer.compressed, len(current), plan.compression)
    except ValueError as error:
        return _without(answer, str(error))
    return replace(answer, compressed=None, vector=vector)


def _without(answer: Answer, reason: str) -> Answer:
    return replace(answer, vector=None, compressed=None, error=reason)
