"""``fedcare institutions``: who takes part in the consortium."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from fedcare.cli import institutions_trust
from fedcare.cli.gateway_database import checked, command_line, gateway_database
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.cli.runs import listing

app = typer.Typer(help="The institutions of the consortium.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Its name.")],
    address: Annotated[str, typer.Option(help="Its address, for people.")] = "",
    json: JsonFlag = False,
) -> None:
    """Admit an institution."""
    from fedcare.gateway.institutions import service
    from fedcare.gateway.institutions.schemas import InstitutionFields

    fields = checked(InstitutionFields, name=name, address=address)
    with gateway_database(json) as database:
        row = service.add(database, command_line(), fields)
    if json:
        emit({"id": row.id, "name": row.name, "address": row.address})
    else:
        screen.print(f"Added {escape(row.name)}; its id is {row.id}.")


@app.command("list")
def list_(json: JsonFlag = False) -> None:
    """Every institution."""
    from fedcare.gateway.institutions import service

    with gateway_database(json) as database:
        rows = service.page(database, 0, None)
    found = [{"id": row.id, "name": row.name, "address": row.address} for row in rows]
    if json:
        emit({"institutions": found})
    elif not found:
        screen.print("No institutions yet: `fedcare institutions add NAME` adds one.")
    else:
        page.print(listing(found, ("id", "name", "address")))


institutions_trust.register(app)
