"""A study from its records to a model version and a report, in one process."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fedcare.aggregation.exchange import Answer, Exchange
from fedcare.aggregation.rounds import Observer
from fedcare.federation.comparison import compare
from fedcare.federation.coordinator import Outcome, coordinate
from fedcare.federation.engines import Engine, run
from fedcare.federation.exact import exact_figures
from fedcare.federation.outgoing import Outgoing
from fedcare.federation.run_folder import MODEL, REPORT, RUN, claim, finished, write_json, write_text
from fedcare.federation.site import Site
from fedcare.federation.study import Study
from fedcare.federation.summary import described, summarise
from fedcare.federation.versions import store_outcome
from fedcare.plan import TrainingPlan
from fedcare.privacy.accounting import epsilon
from fedcare.privacy.ledger import Budget, MemoryLedger
from fedcare.privacy.planned import planned_uses
from fedcare.report.render import render

T = TypeVar("T")
# What compression kept back, until the run has ended; of real institutions this never leaves them.
KEPT_BACK = "kept-back"


class Watcher(Observer, Protocol):
    """Whoever shows a run to its user."""

    def answered(self, answer: Answer) -> None:
        """An institution has answered a question."""
        ...

    def resumed(self, round_number: int) -> None:
        """The run goes on after this round."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...


@dataclass(frozen=True)
class Job:
    """One command's worth of work: a study, the engine, its folder, and whether to resume and to compare."""

    study: Study
    engine: Engine
    folder: Path
    resume: bool = False
    compare: bool = False


def simulate(job: Job, watcher: Watcher, prepared_seconds: float = 0.0) -> dict[str, Any]:
    """Run the job and return its summary, which is also stored in the folder.

    A finished run that is resumed gives its stored result. Raises RunExists, NothingToResume, PlanChanged,
    QuorumLost, StorageFull.
    """
    claim(job.folder, job.study, job.engine, job.resume)
    if (done := finished(job.folder)) is not None:
        watcher.note("this run is already complete; nothing is left to do")
        return done
    clock = Stopwatch({"prepare": prepared_seconds})
    outcome = clock.time("train", lambda: _drive(job, watcher))
    study = job.study
    summary = summarise(study.plan, outcome, job.engine, described(study))
    summary |= {"partition": study.partition, "left_out_rows": study.left_out}
    if study.plan.privacy.dp.enabled:
        summary["simulated_exact"] = exact_figures(study, outcome)
    if job.compare:
        watcher.note("comparing with each institution alone and with all rows in one place")
        summary["compare"] = clock.time("compare", lambda: compare(job.study, watcher.note))
    watcher.note("writing the model version and the report")
    lineage = {"engine": job.engine, "partition": study.partition}
    clock.time("model", lambda: store_outcome(job.folder / MODEL, study.plan, outcome, summary, lineage))
    summary |= {"model_dir": str(job.folder / MODEL), "report": str(job.folder / REPORT)}
    summary |= {"timings": clock.seconds, "seconds": sum(clock.seconds.values())}
    clock.time("report", lambda: write_text(job.folder / REPORT, render(summary)))
    summary["seconds"] = sum(clock.seconds.values())
    write_json(job.folder / RUN, summary)
    return summary


def _drive(job: Job, watcher: Watcher) -> Outcome:
    plan = job.study.plan
    sites = [Site(each, ledger_of(plan)) for each in job.study.institutions]
    for place, site in enumerate(sites):
        site.outgoing = Outgoing(job.folder / KEPT_BACK / str(place))

    def drive(exchange: Exchange) -> Outcome:
        return coordinate(plan, exchange, job.folder, watcher, watcher.resumed)

    outcome = run(job.engine, plan, sites, drive, watcher.answered)
    shutil.rmtree(job.folder / KEPT_BACK, ignore_errors=True)
    return outcome


def ledger_of(plan: TrainingPlan) -> MemoryLedger | None:
    """A simulated institution's ledger, whose budget is what the plan costs; None for a plan that is not private."""
    dp = plan.privacy.dp
    if not dp.enabled:
        return None
    planned = planned_uses(plan)
    return MemoryLedger(Budget(epsilon(planned, dp.delta), dp.delta), planned)


class Stopwatch:
    """Seconds by part of the work."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds

    def time(self, part: str, work: Callable[[], T]) -> T:
        """Do the work and remember how long it took."""
        started = time.perf_counter()
        result = work()
        self.seconds[part] = round(time.perf_counter() - started, 4)
        return result
