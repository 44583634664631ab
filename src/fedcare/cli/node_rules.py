"""``fedcare node rules``: approval given in advance."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import command_line
from fedcare.cli.node_store import Home, Institution, node_store
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.cli.runs import listing

app = typer.Typer(help="Standing rules: which plans need nobody to approve them.", no_args_is_help=True)
Task = Annotated[str, typer.Argument(help="The task that the rule is about.")]


@app.command("set")
def set_(
    task: Task,
    rounds_a_day: Annotated[int, typer.Option(min=1, max=2**31 - 1, help="At most so many rounds in 24 hours.")],
    max_epsilon: Annotated[
        float | None,
        typer.Option(min=1e-6, help="Only plans whose differential privacy promises this epsilon or less."),
    ] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Keep the rule, but let it approve nothing.")] = False,
    institution: Institution = None,
    home: Home = None,
    json: JsonFlag = False,
) -> None:
    """Approve in advance every plan of a task that keeps to these limits."""
    from fedcare.db import audit
    from fedcare.federation.node import rules
    from fedcare.tasks.registry import names

    with node_store(home, institution, json) as store, store.transaction() as tx:
        rules.set_rule(tx, store.institution_id, task, rounds_a_day, max_epsilon, not disabled)
        audit.record(tx, command_line(), "rules.set", "standing_rule", task)
    if json:
        facts = {"max_rounds_per_day": rounds_a_day, "max_epsilon": max_epsilon, "is_enabled": not disabled}
        emit({"task": task} | facts)
    else:
        screen.print(f"Plans for {escape(task)} are approved by themselves, up to {rounds_a_day} rounds a day.")
        if task not in names():
            screen.print("No task of this name is known here: the rule waits until somebody proposes a plan of one.")


@app.command("list")
def list_(institution: Institution = None, home: Home = None, json: JsonFlag = False) -> None:
    """Every standing rule of this institution."""
    from fedcare.federation.node import rules

    with node_store(home, institution, json) as store, store.transaction() as tx:
        found = rules.listed(tx)
    if json:
        emit({"rules": found})
    elif not found:
        screen.print("No standing rules: every plan waits for somebody to approve it.")
    else:
        page.print(listing(found, ("task", "max_rounds_per_day", "max_epsilon", "is_enabled")))


@app.command("remove")
def remove(task: Task, institution: Institution = None, home: Home = None, json: JsonFlag = False) -> None:
    """Withdraw the rule for a task; what it approved is no longer approved either."""
    from fedcare.db import audit
    from fedcare.federation.node import rules

    with node_store(home, institution, json) as store, store.transaction() as tx:
        rules.remove_rule(tx, task)
        audit.record(tx, command_line(), "rules.remove", "standing_rule", task)
    if json:
        emit({"task": task, "removed": True})
    else:
        screen.print(f"The rule for {escape(task)} is gone.")
