"""``fedcare train``: a run over the institutions' real nodes, asked for from a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from fedcare.cli.gateway_database import command_line, gateway_database
from fedcare.cli.options import Seed, Set, parse_settings
from fedcare.cli.output import JsonFlag, emit, screen
from fedcare.cli.protections import Private, Robust, Secure, another_model
from fedcare.errors import BadUsage, NotFound
from fedcare.settings import settings as machine

if TYPE_CHECKING:
    from fedcare.db.database import Database
    from fedcare.plan import TrainingPlan

Task = Annotated[str | None, typer.Argument(help="A task's name, or the path of a TOML file that declares one.")]
Rounds = Annotated[int | None, typer.Option(min=1, help="Number of rounds.")]
Stop = Annotated[UUID | None, typer.Option("--stop", metavar="RUN", help="Stop this run instead of starting one.")]
Follow = Annotated[UUID | None, typer.Option("--follow", metavar="RUN", help="Show this run instead of starting one.")]


def command(
    task: Task = None,
    rounds: Rounds = None,
    private: Private = None,
    secure: Secure = False,
    robust: Robust = False,
    set_: Set = None,
    seed: Seed = 42,
    stop: Stop = None,
    follow: Follow = None,
    json: JsonFlag = False,
) -> None:
    """Train a task over the consortium's nodes, and show how it goes; Ctrl-C leaves the run going.

    The run waits in the queue while another one is under way. `fedcare coordinator` carries it out, and every
    institution decides by itself whether it takes part.
    """
    from fedcare.tasks.protected import protected

    if [task, stop, follow].count(None) != 2:
        raise BadUsage(reason="Name a task, or a run with --stop or --follow.", command="fedcare train")
    with gateway_database(json) as database:
        if stop is not None:
            _stop(database, stop, json)
            return
        if follow is None:
            asked = protected(task or "", private, secure, robust) | parse_settings(set_)
            plan = _plan(task or "", rounds, asked, seed)
            if not json and (told := another_model(task or "", plan)) is not None:
                screen.print(told)
            follow = _start(database, plan)
        _show(database, follow, json)


def _plan(task: str, rounds: int | None, settings: dict[str, str], seed: int) -> TrainingPlan:
    from fedcare.aggregation.planning import plan_of
    from fedcare.tasks.overrides import apply
    from fedcare.tasks.registry import get

    asked = settings | ({"rounds.rounds": str(rounds)} if rounds else {})
    return plan_of(apply(get(task), asked), seed)


def _start(database: Database, plan: TrainingPlan) -> UUID:
    """Propose the plan to every institution and queue a run of it."""
    from fedcare.db import audit
    from fedcare.db.database import Scope
    from fedcare.db.runs import keep_plan, request_run
    from fedcare.trust.bulletin import publish_plan

    with database.transaction(Scope.of(None)) as tx:
        keep_plan(tx, plan)
        run = request_run(tx, plan, cause="command line")
        audit.record(tx, command_line(), "runs.request", "run", run)
    publish_plan(machine().home / "consortium", plan.hash, plan.canonical())
    return run


def _stop(database: Database, run: UUID, json: bool) -> None:
    from fedcare.db import audit
    from fedcare.db.database import Scope
    from fedcare.db.runs import ENDED, hold, set_status

    with database.transaction(Scope.of(None)) as tx:
        row = hold(tx, run)
        if row is None:
            raise NotFound(what="run")
        status = "stopped" if row.status == "queued" else row.status
        if row.status not in ENDED:
            reason = "It was stopped before it began." if status == "stopped" else None
            set_status(tx, row, status, stop_requested=True, reason=reason)
            audit.record(tx, command_line(), "runs.stop", "run", run)
    if json:
        emit({"run": str(run), "status": status})
    elif row.status in ENDED:
        screen.print(f"The run has ended already: {status}.")
    else:
        screen.print("The run is stopped." if status == "stopped" else "The run stops within a few seconds.")


def _show(database: Database, run: UUID, json: bool) -> None:
    from fedcare.cli.run_follower import RunFollower

    with RunFollower(database, run, quiet=json) as follower:
        try:
            result = follower.follow()
        except KeyboardInterrupt:
            follower.leave()
            raise typer.Exit(130) from None
    if json:
        emit(result)
