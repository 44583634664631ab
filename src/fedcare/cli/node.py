"""``fedcare node``: an institution's own process, and what it may take part in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fedcare.cli import node_enrol, node_rules
from fedcare.cli.gateway_database import command_line, serving
from fedcare.cli.node_store import Home, Institution, at, node_store
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.cli.runs import fact_sheet, listing
from fedcare.errors import DatabaseUnavailable, DatabaseUnreachable
from fedcare.settings import settings

if TYPE_CHECKING:
    from fedcare.db.database import Database
    from fedcare.federation.node.released import TakeIn

app = typer.Typer(
    help="This institution's node: it calls the coordinator, nobody calls it; nothing unapproved runs, and all that"
    " leaves is logged.",
    no_args_is_help=True,
)
app.command("enrol")(node_enrol.command)
app.add_typer(node_rules.app, name="rules")

PlanHash = Annotated[str, typer.Argument(metavar="HASH", help="The plan's hash, or as much of it as tells it apart.")]
Last = Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")]
DATABASE_PAUSE = 2.0


@app.command("run")
def run(institution: Institution = None, home: Home = None) -> None:
    """Serve the coordinator's questions until stopped."""
    folder, config = at(home, institution)
    from fedcare.db.database import Database
    from fedcare.federation.node.process import serve
    from fedcare.federation.node.store import NodeStore

    screen.print(f"The node of {escape(config.institution)} calls {escape(config.coordinator)} (Ctrl-C stops it).")
    with _database() as url:
        database = Database(url, pool_size=2, overflow=2)
        try:
            take_in = _take_in(database) if config.own_gateway else None
            serve(folder, config, NodeStore(database, config.institution), take_in)
        finally:
            database.close()


@app.command("approve")
def approve(plan: PlanHash, institution: Institution = None, home: Home = None, json: JsonFlag = False) -> None:
    """Let runs of a plan train on this institution's records."""
    _decide(plan, True, None, institution, home, json)


@app.command("refuse")
def refuse(
    plan: PlanHash,
    reason: Annotated[str | None, typer.Option(help="Why, for the coordinator to read.")] = None,
    institution: Institution = None,
    home: Home = None,
    json: JsonFlag = False,
) -> None:
    """Take no part in a plan, whatever standing rules say; a run that is going on loses this institution."""
    _decide(plan, False, reason, institution, home, json)


@app.command("plans")
def plans(last: Last = 20, institution: Institution = None, home: Home = None, json: JsonFlag = False) -> None:
    """The plans that were proposed, and what this institution decided."""
    from fedcare.federation.node import plans as kept

    with node_store(home, institution, json) as store, store.transaction() as tx:
        found = kept.listed(tx, last)
    if json:
        emit({"plans": found})
    elif not found:
        screen.print("No plan was proposed yet.")
    else:
        short = [each | {"hash": each["hash"][:12]} for each in found]
        page.print(listing(short, ("hash", "task", "rounds", "strategy", "status", "decided_how", "created_at")))


@app.command("egress")
def egress(last: Last = 50, institution: Institution = None, home: Home = None, json: JsonFlag = False) -> None:
    """Everything that left this institution: when, in which run and round, how many bytes, and who approved."""
    from fedcare.federation.node import egress as kept

    with node_store(home, institution, json) as store, store.transaction() as tx:
        found = kept.listed(tx, last)
    if json:
        emit({"egress": found})
    elif not found:
        screen.print("Nothing has left this institution.")
    else:
        short = [each | {"hash": each["hash"][:12]} for each in found]
        page.print(listing(short, ("at", "run", "round", "kind", "bytes", "hash", "epsilon", "approved_by")))


@app.command("status")
def status(institution: Institution = None, home: Home = None, json: JsonFlag = False) -> None:
    """Who this node is, until when its certificate counts, and how many usable records it has."""
    from fedcare.federation.node.counts import Counts
    from fedcare.trust.identity import load

    folder, config = at(home, institution)
    mine = load(folder.path)
    with node_store(home, institution, json) as store:
        records = Counts(config, store).now()
    facts: dict[str, Any] = {
        "institution": config.institution,
        "coordinator": config.coordinator,
        "folder": str(folder.path),
        "certificate_until": mine.certificate.not_valid_after_utc.isoformat(),
        "own_gateway": config.own_gateway,
    }
    if json:
        emit(facts | {"records": records})
    else:
        page.print(fact_sheet(facts | {f"records of {task}": count for task, count in records.items()}))


# -- what they have in common -----------------------------------------------------------------------------------------


def _decide(beginning: str, approved: bool, reason: str | None, institution: str | None, home: Any, json: bool) -> None:
    from fedcare.db import audit
    from fedcare.federation.node import plans as kept

    with node_store(home, institution, json) as store, store.transaction() as tx:
        plan = kept.named(tx, beginning)
        kept.decide(tx, store.institution_id, plan.hash, approved, "command line", reason)
        action = "plans.approve" if approved else "plans.refuse"
        audit.record(tx, command_line(), action, "plan", plan.hash)
    said = "approved" if approved else "refused"
    if json:
        emit({"hash": plan.hash, "task": plan.task, "status": said})
    else:
        screen.print(f"The plan {plan.hash[:12]} for {escape(plan.task)} is {said}.")


@contextmanager
def _database() -> Iterator[str]:
    """The address of the institution's database, as soon as it answers: a node may start before its database."""
    told = False
    while True:
        waiting = serving(quiet=False, lasting=True)
        try:
            url = waiting.__enter__()
            break
        except (DatabaseUnreachable, DatabaseUnavailable) as error:
            if settings().database_url is None:
                raise
            if not told:
                screen.print(f"{escape(str(error))} The node waits for it.")
                told = True
            time.sleep(DATABASE_PAUSE)
    try:
        yield url
    finally:
        waiting.__exit__(None, None, None)


def _take_in(database: Database) -> TakeIn:
    """Puts a released version on the shelf of this institution's own gateway."""
    from sqlalchemy import update

    from fedcare.db.audit import Origin
    from fedcare.db.database import Scope
    from fedcare.db.tables import model_versions
    from fedcare.federation.node.released import Released
    from fedcare.gateway.models.importing import import_version

    def take_in(released: Released) -> None:
        origin = Origin(source="coordinator")
        import_version(database, settings().home / "models", released.folder, released.activate, origin)
        with database.transaction(Scope.of(None)) as tx:
            signed = update(model_versions).where(model_versions.c.version == released.name)
            tx.execute(signed.values(signature=released.signature))

    return take_in
