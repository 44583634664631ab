"""A study run as ``fedcare simulate`` runs it, without a picture and with its folder thrown away."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from fedcare.aggregation.exchange import Answer, Exchange, RoundRecord
from fedcare.data.partition import divide
from fedcare.data.records import Records
from fedcare.data.split import institution
from fedcare.federation.coordinator import Outcome, coordinate
from fedcare.federation.engines import choose, run
from fedcare.federation.simulation import ledger_of
from fedcare.federation.site import Site
from fedcare.federation.study import Study, plan_of
from fedcare.tasks.spec import Task


class Silent:
    """A watcher that shows nothing."""

    def round_started(self, round_number: int, institutions: Sequence[str]) -> None:
        """Nothing to show."""

    def round_finished(self, record: RoundRecord) -> None:
        """Nothing to show."""

    def answered(self, answer: Answer) -> None:
        """Nothing to show."""

    def resumed(self, round_number: int) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""


def study_of(task: Task, records: Records, partition: str, seed: int) -> Study:
    """A study of records that are already loaded, divided and split as ``simulate`` does it."""
    parts = divide(records, partition, task.kind, seed)
    alone = task.privacy.dp.enabled
    members = [institution(name, records.take(rows), task.kind, seed, alone) for name, rows in parts.items()]
    return Study(task, plan_of(task, seed), tuple(members), partition, 0, "")


def run_study(study: Study, engine: str | None = None, watcher: Silent | None = None) -> Outcome:
    """The outcome of all rounds; ``engine`` None lets the product choose, as it does for its users."""
    watching = watcher or Silent()
    choice = choose(engine, study.plan, study.task)
    with tempfile.TemporaryDirectory() as folder:

        def drive(exchange: Exchange) -> Outcome:
            return coordinate(study.plan, exchange, Path(folder), watching, watching.resumed)

        sites = [Site(each, ledger_of(study.plan)) for each in study.institutions]
        return run(choice.engine, study.plan, sites, drive, watching.answered)
