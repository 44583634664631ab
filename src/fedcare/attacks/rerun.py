"""The run's plan carried out once more on other rows: shadow models, and training with canaries."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fedcare.aggregation.exchange import Answer, Exchange, RoundRecord
from fedcare.aggregation.rounds import Observer
from fedcare.data.records import Institution
from fedcare.federation.coordinator import Outcome, coordinate
from fedcare.federation.engines import choose, run
from fedcare.federation.simulation import ledger_of
from fedcare.federation.site import Site
from fedcare.plan import TrainingPlan
from fedcare.privacy.planned import count_noise, evaluation_noise, noise_multiplier
from fedcare.tasks.spec import Task
from fedcare.training.local import Witness

OnRound = Callable[[int, int], None]
"""Hears of each round that stands: its number, and how many there are."""


class Rounds(Observer):
    """Tells of rounds."""

    def __init__(self, rounds: int, on_round: OnRound) -> None:
        self._rounds, self._on_round = rounds, on_round

    def round_started(self, round_number: int, institutions: Sequence[str]) -> None:
        """Nothing to tell yet."""

    def round_finished(self, record: RoundRecord) -> None:
        """A round stands."""
        self._on_round(record.round, self._rounds)


def with_its_noise(plan: TrainingPlan) -> TrainingPlan:
    """The same plan with its noise written out in place of an epsilon: another seed need not find it again."""
    dp = plan.privacy.dp
    if not dp.enabled or dp.epsilon is None:
        return plan
    noise = {"noise_multiplier": noise_multiplier(plan), "count_noise": count_noise(plan)}
    noise |= {"evaluation_noise": evaluation_noise(plan)} if dp.evaluation == "final" else {}
    dp = dp.model_copy(update={"epsilon": None} | noise)
    return plan.model_copy(update={"privacy": plan.privacy.model_copy(update={"dp": dp})})


def rerun(
    plan: TrainingPlan,
    institutions: Sequence[Institution],
    on_round: OnRound,
    witnesses: Mapping[str, Witness] | None = None,
) -> Outcome:
    """What the plan makes of these institutions' rows; ``witnesses`` see the local training of those they belong to."""
    witnesses = witnesses or {}
    sites = [Site(each, ledger_of(plan), witness=witnesses.get(each.name)) for each in institutions]
    # The batched engine trains all institutions in one product and has no single steps to show.
    engine = choose("inprocess" if witnesses else None, plan, Task.model_validate(plan.task)).engine
    with tempfile.TemporaryDirectory() as folder:

        def drive(exchange: Exchange) -> Outcome:
            watcher = Rounds(plan.rounds.rounds, on_round)
            return coordinate(plan, exchange, Path(folder), watcher, lambda _: None)

        return run(engine, plan, sites, drive, _unheard)


def _unheard(answer: Answer) -> None:
    """Answers are of no interest here."""
