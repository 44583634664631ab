"""``fedcare models``: the model versions on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import command_line, gateway_database
from fedcare.cli.options import Root
from fedcare.cli.output import JsonFlag, emit, page, screen, working
from fedcare.cli.runs import fact_sheet, figures, listing
from fedcare.report.words import plural
from fedcare.settings import settings

app = typer.Typer(
    help="The model versions on this machine, and those that its gateway answers with.", no_args_is_help=True
)


@app.command("list")
def list_(root: Root = None, json: JsonFlag = False) -> None:
    """Every model version under a folder, checked against its hashes."""
    from fedcare.registry.store import list_models

    folder = root or settings().runs
    models = list_models(folder)
    if json:
        emit({"root": str(folder), "models": models})
        return
    if not models:
        screen.print(
            f"No model versions under {escape(str(folder))} yet: `fedcare simulate` makes one."
            " A gateway's own are in its console under Models."
        )
        return
    page.print(listing(models, ("name", "status", "created", "metric", "value")))


@app.command("show")
def show(
    model: Annotated[str, typer.Argument(help="A version's name or folder, or its run's.")],
    root: Root = None,
    json: JsonFlag = False,
) -> None:
    """One model version: what it is, how good it is, and where it comes from."""
    from fedcare.registry.store import find_model

    found = find_model(root or settings().runs, model).to_json()
    if json:
        emit(found)
        return
    facts = ("name", "title", "task", "path", "created", "parameters", "plan_hash")
    page.print(fact_sheet({name: found[name] for name in facts} | _origin(found["lineage"])))
    known = found["metrics"]
    page.print(figures(known.get("metrics", {}), known.get("institutions", {}), known.get("privacy")))


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="A version's folder, or its run's.")],
    activate: Annotated[
        bool, typer.Option("--activate", help="Let it answer for its task, in every running gateway at once.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Give a version to the gateway: copied under FEDCARE_HOME/models, and known to the database.

    Done twice, it is still there once; where the gateway's copy was damaged, this repairs it.
    """
    from dataclasses import asdict

    from fedcare.gateway.models.importing import import_version
    from fedcare.registry.version import read_version

    read_version(source)  # Before a database is started for it.
    with gateway_database(json) as pool, working(f"Importing {source}", json):
        kept = settings().home / "models"
        found = asdict(import_version(pool, kept, source, activate, command_line()))
    if json:
        emit(found)
        return
    said = f"{found['version']} is {'imported' if found['added'] else 'there already'}, with id {found['id']}"
    active = f"and answers for {found['task']}." if found["active"] else "and not active: --activate makes it so."
    page.print(f"{said}, {active}", markup=False, highlight=False, soft_wrap=True)


def _origin(lineage: dict[str, Any]) -> dict[str, Any]:
    institutions = lineage.get("institutions") or {}
    named = ", ".join(f"{name} ({plural(rows, 'row')})" for name, rows in institutions.items())
    return {name: lineage.get(name) for name in ("strategy", "best_round", "rounds")} | {"institutions": named or None}
