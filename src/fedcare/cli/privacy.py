"""``fedcare privacy``: what this institution's patients have been asked to pay, and what they may be asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import command_line
from fedcare.cli.node_store import Home, Institution, node_store
from fedcare.cli.options import Seed, Set, parse_settings
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.cli.protections import Private
from fedcare.cli.runs import fact_sheet, listing
from fedcare.errors import BadSetting, BadUsage, NotFound
from fedcare.report.words import plural

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fedcare.plan import TrainingPlan

app = typer.Typer(
    help="This institution's privacy budget: what was spent of it, what is left, what a run would cost.",
    no_args_is_help=True,
)
Last = Annotated[int, typer.Option(min=1, max=10_000, help="How many rows, the newest first.")]
HASH = re.compile(r"[0-9a-f]{8,64}")
COLUMNS = ("at", "run", "task", "kind", "what", "round", "epsilon")


@app.command("ledger")
def ledger(last: Last = 50, institution: Institution = None, home: Home = None, json: JsonFlag = False) -> None:
    """Everything that was charged to the budget: reservations of runs, and the answers that used them."""
    from fedcare.db import privacy

    with node_store(home, institution, json) as store, store.transaction() as tx:
        rows, facts = privacy.page(tx, None, None, last), _standing(tx)
    found = [_shown(dict(row._mapping)) for row in rows]
    if json:
        emit(facts | {"ledger": found})
        return
    if found:
        short = [row | {"run": row["run"][:36], "epsilon": _figure(row["epsilon"])} for row in found]
        page.print(listing(short, COLUMNS))
    page.print(fact_sheet(_sheet(facts)))


@app.command("budget")
def budget(
    epsilon: Annotated[float | None, typer.Option(min=0.0, help="What all runs together may cost a patient.")] = None,
    delta: Annotated[
        float | None, typer.Option(help="The chance that is left out of the promise; below 1 / number of records.")
    ] = None,
    private_only: Annotated[
        bool | None,
        typer.Option(
            "--private-only/--any-plan",
            help="Refuse runs without differential privacy, and tell the coordinator no number of records.",
        ),
    ] = None,
    institution: Institution = None,
    home: Home = None,
    json: JsonFlag = False,
) -> None:
    """Show the budget, or set what is named of it. What was spent stays spent."""
    from fedcare.db import audit, privacy
    from fedcare.privacy.ledger import Budget

    if delta is not None and not 0.0 < delta < 1.0:
        raise BadSetting(setting="--delta", value=delta, reason="it must lie between 0 and 1")
    with node_store(home, institution, json) as store, store.transaction() as tx:
        now = privacy.budget(tx)
        new = Budget(
            now.epsilon if epsilon is None else epsilon,
            now.delta if delta is None else delta,
            now.private_only if private_only is None else private_only,
        )
        if new != now:
            privacy.set_budget(tx, store.institution_id, new)
        facts = _standing(tx)
        if new != now:
            audit.record(tx, command_line(), "privacy.set_budget", "privacy_budget")
    if json:
        emit(facts)
    else:
        page.print(fact_sheet(_sheet(facts)))


@app.command("forecast")
def forecast(
    task: Annotated[str, typer.Argument(help="A task's name, a TOML file that declares one, or a plan's hash.")],
    private: Private = None,
    rounds: Annotated[int | None, typer.Option(min=1, help="Number of rounds.")] = None,
    set_: Set = None,
    seed: Seed = 42,
    institution: Institution = None,
    home: Home = None,
    json: JsonFlag = False,
) -> None:
    """What a run would cost here, what would be left after it, and how many such runs the budget allows."""
    from fedcare.db import privacy
    from fedcare.privacy.forecast import forecast as foretell
    from fedcare.privacy.planned import planned_uses
    from fedcare.tasks.protected import protected

    is_hash = bool(HASH.fullmatch(task))
    if is_hash and (private or rounds or set_):
        raise BadUsage(
            reason="A plan's hash says everything: leave the settings out.", command="fedcare privacy forecast"
        )
    asked = {} if is_hash else protected(task, private, False, False) | parse_settings(set_)
    asked |= {"rounds.rounds": str(rounds)} if rounds else {}
    with node_store(home, institution, json) as store:
        with store.transaction() as tx:
            plan = _kept(tx, task) if is_hash else _made(task, asked, seed)
            account, allowed = privacy.account(tx), privacy.budget(tx)
        if not plan.privacy.dp.enabled:
            raise BadSetting(setting="privacy.dp.enabled", value=False, reason="nothing bounds the cost of such a run")
        told = foretell(account, planned_uses(plan), allowed)
    facts = {
        "epsilon_of_run": told.run,
        "delta": allowed.delta,
        "spent": told.spent,
        "spent_after": told.after,
        "budget": allowed.epsilon,
        "left_after": max(0.0, allowed.epsilon - told.after),
        "runs_that_fit": told.runs,
    }
    if json:
        emit(facts | {"task": plan.task_name, "plan_hash": plan.hash})
    else:
        page.print(fact_sheet({name: _figure(value) for name, value in facts.items()}))


@app.command("settle")
def settle(
    run: Annotated[str, typer.Argument(help="The run, as the ledger names it.")],
    institution: Institution = None,
    home: Home = None,
    json: JsonFlag = False,
) -> None:
    """Take back what a run that is over reserved and never began. Should it go on after all, it must reserve anew."""
    from fedcare.db import audit, privacy

    with node_store(home, institution, json) as store, store.transaction() as tx:
        rows = privacy.page(tx, run, None, 1)
        if not rows:
            raise NotFound(what="run")
        privacy.settle(tx, store.institution_id, rows[0])
        facts = _standing(tx)
        audit.record(tx, command_line(), "privacy.settle", "run", run)
    if json:
        emit(facts)
    else:
        screen.print(f"What {escape(run)} never began is free again.")
        page.print(fact_sheet(_sheet(facts)))


# -- what they have in common -----------------------------------------------------------------------------------------


def _standing(tx: Connection) -> dict[str, Any]:
    from fedcare.db import privacy

    allowed = privacy.budget(tx)
    spent = privacy.spent(tx, allowed.delta)
    return {
        "epsilon": allowed.epsilon,
        "delta": allowed.delta,
        "private_only": allowed.private_only,
        "spent": spent,
        "left": max(0.0, allowed.epsilon - spent),
        "unbounded_runs": privacy.unbounded_runs(tx),
    }


def _sheet(facts: dict[str, Any]) -> dict[str, Any]:
    """The standing for people, with a warning where no epsilon holds."""
    shown = {name: _figure(value) for name, value in facts.items() if name != "unbounded_runs"}
    if facts["unbounded_runs"]:
        shown["warning"] = (
            f"{plural(facts['unbounded_runs'], 'run')} without differential privacy: outside of this epsilon, and"
            " nothing bounds what was told of a patient."
        )
    return shown


def _kept(tx: Connection, beginning: str) -> TrainingPlan:
    from fedcare.federation.node.plans import named
    from fedcare.plan import TrainingPlan

    return TrainingPlan.model_validate_json(named(tx, beginning).canonical)


def _made(task: str, settings: dict[str, str], seed: int) -> TrainingPlan:
    from fedcare.aggregation.planning import plan_of
    from fedcare.tasks.overrides import apply
    from fedcare.tasks.registry import get

    return plan_of(apply(get(task), settings), seed)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("seq", "run", "plan_hash", "task", "kind", "what", "round", "uses", "delta")
    epsilon = None if row["kind"] == "unbounded" else row["epsilon"]
    return {"at": row["at"].isoformat()} | {name: row[name] for name in kept} | {"epsilon": epsilon}


def _figure(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value
