"""One attempt at a run: from the plan, or from where an earlier attempt was killed, to a released version."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flwr.serverapp import Grid

from fedcare.aggregation.checkpoint import load
from fedcare.aggregation.exchange import Exchange
from fedcare.errors import CoordinatorRefused, CoordinatorUnreachable, FedCareError, StorageFull
from fedcare.federation.coordinator import Outcome, coordinate
from fedcare.federation.questions import OnAnswer
from fedcare.federation.run.exchange import RunExchange
from fedcare.federation.run.flower_run import FlowerRun, flower_run
from fedcare.federation.run.judging import find_active, judge_again, pass_gate, rival
from fedcare.federation.run.place import RunPlace
from fedcare.federation.run.release import release
from fedcare.federation.run.reporter import Reporter
from fedcare.federation.run.telling import Teller
from fedcare.federation.secure_exchange import exchange_for
from fedcare.federation.server_app import server_app
from fedcare.federation.spending import RunCost
from fedcare.federation.summary import summarise, trained_rows
from fedcare.federation.superlink.seen import long_gone
from fedcare.federation.versions import store_outcome
from fedcare.plan import TrainingPlan
from fedcare.registry.gate import Figures
from fedcare.registry.version import Version, read_version

# Failures that time may cure; every other failure of the plan's own ends the run.
PASSING = (CoordinatorUnreachable, CoordinatorRefused, StorageFull)
ENGINE = "nodes"

log = logging.getLogger(__name__)


class Stopped(Exception):
    """Somebody asked for the run's end."""


@dataclass
class Attempt:
    """Everything one process needs to carry a run on."""

    home: Path
    place: RunPlace
    teller: Teller
    plan: TrainingPlan = field(init=False)
    reporter: Reporter = field(init=False)

    def __post_init__(self) -> None:
        self.plan = self.place.plan()
        cost = RunCost(self.plan) if self.plan.privacy.dp.enabled else None
        self.reporter = Reporter(self.place.run_id, self.plan.strategy.name, self.teller, cost)

    def carry_on(self) -> dict[str, Any]:
        """The run's result: ``status``, and ``reason`` or the version. It is told to the gateway whatever it is.

        Raises what may pass: CoordinatorUnreachable, CoordinatorRefused, StorageFull.
        """
        result = self.place.result()
        if result is None:
            result = self._result()
            self.place.end(result)
        self._tell_end(result)
        return result

    def _result(self) -> dict[str, Any]:
        try:
            self._check()
            self._tell_start()
            return self._released(*self._trained())
        except Stopped:
            state = load(self.place.folder)
            return {"status": "stopped", "reason": f"stopped after round {state.round if state else 0}, as asked"}
        except PASSING:
            raise
        except FedCareError as error:
            return {"status": "failed", "reason": str(error)}

    def _trained(self) -> tuple[Outcome, Figures | None]:
        """The finished rounds, and how the active version does on the same rows."""
        ends: list[tuple[Outcome, Figures | None]] = []
        with flower_run(self.home, self.plan.hash, self.place.run_id) as run:

            def drive(exchange: Exchange) -> Outcome:
                outcome = coordinate(self.plan, exchange, self.place.folder, self.reporter, self.reporter.resumed)
                ends.append((outcome, self._active_again(exchange, outcome)))
                return outcome

            server_app(lambda grid: self._exchange(grid, run), drive, lambda outcome: None)(run.grid, run.context)
        return ends[0]

    def _exchange(self, grid: Grid, run: FlowerRun) -> Exchange:
        def check() -> None:
            self._check()
            try:
                if run.is_lost():
                    run.begin()
            except CoordinatorUnreachable as error:
                # It may be killed again while it starts; whoever asks over it has a deadline, and this is asked anew.
                log.warning("the run is not begun anew yet: %s", error)

        def waiting(names: list[str]) -> None:
            self.reporter.note("waiting", text=f"waits for {', '.join(names)}, {self.plan.rounds.patience:g} s at most")

        def opened(heard: OnAnswer) -> RunExchange:
            return RunExchange(
                grid, self.plan, heard, run.registered, self.place.folder, check, lambda: long_gone(self.home), waiting
            )

        return exchange_for(self.plan, self.reporter.answered, opened)

    def _active_again(self, exchange: Exchange, outcome: Outcome) -> Figures | None:
        known = self.place.active()
        version = find_active(self.home, known) if known else None
        return judge_again(self.plan, exchange, self.reporter, outcome, version) if version else None

    def _released(self, outcome: Outcome, again: Figures | None) -> dict[str, Any]:
        decision = pass_gate(self.plan, outcome, rival(again, self.place.active()))
        version = self._stored(outcome)
        proof = release(self.home, version, self.place.run_id, decision)
        return {
            "status": "completed",
            "version": version.name,
            "decision": {"activate": decision.activate, "reasons": list(decision.reasons)},
            "signature": proof,
        }

    def _stored(self, outcome: Outcome) -> Version:
        summary = summarise(self.plan, outcome, ENGINE, trained_rows(outcome))
        lineage = {"engine": ENGINE, "run": self.place.run_id}
        return store_outcome(self.place.model, self.plan, outcome, summary, lineage)

    # -- what is told -------------------------------------------------------------------------------------------------

    def _tell_start(self) -> None:
        state = load(self.place.folder)
        self.reporter.status("in_progress")
        self.reporter.told_before(state.history if state else [])

    def _tell_end(self, result: dict[str, Any]) -> None:
        if (state := load(self.place.folder)) is not None:
            self.reporter.told_before(state.history)
        if "version" in result:
            self._tell_version(result)
        self.reporter.status(
            result["status"],
            reason=result.get("reason"),
            version=result.get("version"),
            decision=result.get("decision"),
        )

    def _tell_version(self, result: dict[str, Any]) -> None:
        decision = result["decision"]
        fields = {
            "run_id": self.place.run_id,
            "activate": "true" if decision["activate"] else "false",
            "reasons": json.dumps(decision["reasons"]),
            "signature": json.dumps(result["signature"]),
        }
        self.teller.tell("version", fields, lambda: archive(read_version(self.place.model)))

    def _check(self) -> None:
        if self.place.is_stopped():
            raise Stopped


def archive(version: Version) -> bytes:
    """A version's folder as a zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(version.directory.iterdir()):
            file.write(path, path.name)
    return held.getvalue()
