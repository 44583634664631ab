"""A run's events as the live picture shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any

from fedcare.aggregation.exchange import Answer, RoundRecord
from fedcare.cli.interrupt import Interrupt
from fedcare.cli.live import LiveView
from fedcare.cli.words import figures
from fedcare.federation.engines import Choice
from fedcare.federation.study import Study
from fedcare.report.privacy import SEEDED
from fedcare.report.words import plural


class LiveWatcher:
    """Passes the round loop's events on to the live view, and remembers the last round that stands.

    Every event is a moment at which Ctrl-C ends the run.
    """

    def __init__(self, study: Study, choice: Choice, quiet: bool) -> None:
        self.round = 0
        self._training = 0
        self._interrupt = Interrupt(quiet)
        self._study, self._view = study, LiveView(quiet=quiet)
        self._view.note(f"engine: {choice.engine} ({choice.reason})")
        if study.left_out:
            left = plural(study.left_out, "row")
            self._view.note(f"left out, because it does not fit the schema: {left}; see `fedcare data check`")
        if study.plan.privacy.dp.seeded_noise:
            self._view.note(SEEDED)
        if study.too_small:
            least = plural(study.plan.rounds.min_records, "training row")
            self._view.note(f"take no part, because they have fewer than {least}: {', '.join(study.too_small)}")

    def __enter__(self) -> LiveWatcher:
        self._interrupt.__enter__()
        self._view.__enter__()
        self._start(0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view.__exit__(kind, error, trace)
        self._interrupt.__exit__(kind, error, trace)

    def resumed(self, round_number: int) -> None:
        """The run goes on after this round."""
        self.round = round_number
        self._view.note(f"resuming after round {round_number}")
        self._start(round_number)

    def round_started(self, round_number: int, institutions: Sequence[str]) -> None:
        """Institutions have been asked to train."""
        self._interrupt.check()
        self._training = round_number
        for name in institutions:
            self._view.institution_started(round_number, name)

    def answered(self, answer: Answer) -> None:
        """An institution has answered; only a training answer changes its line."""
        self._interrupt.check()
        if answer.has_update:
            self._view.institution_finished(self._training, answer.institution, answer.seconds, answer.loss)

    def round_finished(self, record: RoundRecord) -> None:
        """A round stands."""
        self.round = record.round
        self._view.round_finished(asdict(record))
        if record.rolled_back is not None:
            self._view.note(f"round {record.round} is rolled back: {record.rolled_back}")
        self._interrupt.check()

    def note(self, text: str) -> None:
        """One line."""
        self._view.note(text)

    def finished(self, summary: dict[str, Any]) -> None:
        """The last lines: what came out and where it lies."""
        self._view.stop()
        split = summary["judged_on"]
        told = figures(summary["metrics"], summary.get("privacy"))
        self._view.note(f"best round {summary['best_round']} on the {split} rows: {told}")
        if spent := summary.get("privacy"):
            self._view.note(f"privacy: epsilon {spent['epsilon']:.3g} at delta {spent['delta']:g} for each record")
        self._view.note(f"model: {summary['model_dir']}")
        self._view.note(f"report: {summary['report']}")

    def _start(self, done: int) -> None:
        study = self._study
        metric = study.plan.selection.metric or study.task.deciding_metric
        names = [each.name for each in study.institutions]
        unit = study.task.records.target.unit
        self._view.started(study.task.title, names, study.plan.rounds.rounds, metric, unit, done)
