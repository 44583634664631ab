"""A run's events in the words of the gateway's internal API."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from fedcare.aggregation.exchange import Answer, RoundRecord
from fedcare.federation.run.telling import Teller
from fedcare.federation.spending import RunCost


class Reporter:
    """Watches the round loop, and lets a teller tell what happens.

    ``cost``: of a private run, so that it tells what each institution has paid so far too.
    """

    def __init__(self, run_id: str, method: str, teller: Teller, cost: RunCost | None = None) -> None:
        self._run, self._method, self._teller, self._cost = run_id, method, teller, cost
        self._training = 0
        self._asked: defaultdict[str, set[int]] = defaultdict(set)

    # -- what the round loop calls ------------------------------------------------------------------------------------

    def round_started(self, round_number: int, institutions: Sequence[str]) -> None:
        """Institutions have been asked to train."""
        self._training = round_number
        text = f"round {round_number}: {', '.join(institutions)} train"
        self.note("round", round=round_number, institutions=list(institutions), text=text)

    def answered(self, answer: Answer) -> None:
        """An institution has answered, or missed its deadline."""
        if answer.error is not None:
            told = {"round": self._training, "institution": answer.institution, "reason": answer.error}
            self.note("dropped", **told, text=f"{answer.institution}: {answer.error}")

    def round_finished(self, record: RoundRecord) -> None:
        """A round stands, or was rolled back, which the gateway knows as failed."""
        if record.rolled_back is not None:
            text = f"round {record.round} is rolled back: {record.rolled_back}"
            self.note("rolled back", round=record.round, text=text)
        self._teller.tell("round", self._round(record))
        self._teller.tell("metrics", self._metrics(record))

    def resumed(self, round_number: int) -> None:
        """The run goes on after this round."""
        self.note("resumed", round=round_number, text=f"goes on after round {round_number}")

    # -- the run itself -----------------------------------------------------------------------------------------------

    def told_before(self, history: Sequence[RoundRecord]) -> None:
        """Tell again all that an earlier process may have kept to itself."""
        for record in history:
            self.round_finished(record)

    def status(self, status: str, **more: Any) -> None:
        """Where the run stands."""
        known = {key: value for key, value in more.items() if value is not None}
        self._teller.tell("run", {"run_id": self._run, "status": status, **known})

    def note(self, kind: str, **data: Any) -> None:
        """Something worth a line."""
        self._teller.tell("event", {"run_id": self._run, "kind": "note", "data": {"about": kind, **data}})

    def _round(self, record: RoundRecord) -> dict[str, Any]:
        return {
            "run_id": self._run,
            "round": record.round,
            "status": "completed" if record.rolled_back is None else "failed",
            "aggregation_method": self._method,
            "participants": record.participants,
            "dropped": record.dropped,
            "metrics": record.metrics,
            "train_loss": record.train_loss,
            "seconds": record.seconds,
            "bytes_sent": record.bytes_sent,
            "bytes_received": record.bytes_received,
            "late_answers": record.late_answers,
        }

    def _metrics(self, record: RoundRecord) -> dict[str, Any]:
        for name in (*record.participants, *record.dropped):
            self._asked[name].add(record.round)
        names = sorted({*record.participants, *record.institutions, *record.dropped})
        return {
            "run_id": self._run,
            "round": record.round,
            "institutions": {name: self._own(name, record) for name in names},
        }

    def _own(self, name: str, record: RoundRecord) -> Mapping[str, Any]:
        own: dict[str, Any] = {
            "examples": record.participants.get(name, 0),
            "metrics": record.institutions.get(name, {}),
        }
        if name in record.institution_seconds:
            own["seconds"] = record.institution_seconds[name]
        if name in record.dropped:
            own["dropped"] = record.dropped[name]
        if self._cost is not None:
            spent = self._cost.after(sum(number <= record.round for number in self._asked[name]))
            own["epsilon"] = spent if isfinite(spent) else None
        return own
