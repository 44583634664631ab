"""What ``flwr log`` shows of a run on stock Flower."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fedcare.aggregation.exchange import Answer, RoundRecord
from fedcare.plan import TrainingPlan
from fedcare.tasks.spec import Task

log = logging.getLogger("flwr")


class FlowerWatcher:
    """A line for each round, and one for each answer that could not be used."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._rounds = plan.rounds.rounds
        self._metric = plan.selection.metric or Task.model_validate(plan.task).deciding_metric

    def round_started(self, round_number: int, institutions: Sequence[str]) -> None:
        """Institutions have been asked to train."""
        log.info("round %d of %d: %s train", round_number, self._rounds, ", ".join(institutions))

    def round_finished(self, record: RoundRecord) -> None:
        """A round stands."""
        figure = record.metrics.get(self._metric, float("nan"))
        log.info("round %d of %d: %s %.4f, %.1f s", record.round, self._rounds, self._metric, figure, record.seconds)

        if record.rolled_back is not None:
            log.warning("round %d is rolled back: %s", record.round, record.rolled_back)

    def answered(self, answer: Answer) -> None:
        """An institution has answered a question."""
        if answer.error is not None:
            log.warning("%s: %s", answer.institution, answer.error)

    def resumed(self, round_number: int) -> None:
        """The run goes on after this round."""
        log.info("goes on after round %d", round_number)
