"""``fedcare institutions token|revoke|certificates``: whose node may come to the coordinator's door."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import command_line, gateway_database
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.cli.runs import listing
from fedcare.errors import NotConfirmed, UnknownInstitution
from fedcare.settings import settings

if TYPE_CHECKING:
    from fedcare.db.database import Database

Name = Annotated[str, typer.Argument(help="The institution's name.")]


def register(app: typer.Typer) -> None:
    """Add these commands to those of ``fedcare institutions``."""
    app.command("token")(token)
    app.command("revoke")(revoke)
    app.command("certificates")(certificates)


def token(
    name: Name,
    hours: Annotated[float, typer.Option(min=0.1, max=24 * 30, help="How long it may be used.")] = 72,
    json: JsonFlag = False,
) -> None:
    """A one-time token with which an institution's node enrols; an earlier one that was not used stops counting."""
    from fedcare.gateway.institutions import service
    from fedcare.trust.authority import Authority

    with gateway_database(json) as database:
        # The name as it is stored: it becomes the certificate's, by which everything else finds the institution.
        row = service.named(database, name)
        made = Authority.open(settings().home / "consortium").token(row.name, hours)
        _note(database, "institutions.token", row.id)
    if json:
        emit({"institution": row.name, "token": made, "hours": hours})
        return
    screen.print(
        f"Give this token to {escape(row.name)} by a way that nobody else reads. It enrols one node within {hours:g}"
        " hours: `fedcare node enrol --coordinator HOST:PORT`",
        soft_wrap=True,
    )
    page.print(made, markup=False, highlight=False, soft_wrap=True)


def revoke(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    json: JsonFlag = False,
) -> None:
    """End every certificate and token of an institution at once; its node is cut off within a second."""
    from fedcare.gateway.institutions import service
    from fedcare.trust.authority import Authority

    if not yes:
        raise NotConfirmed(what=f"This cuts {name} off until it enrols again.")
    # The door first: a database that is away must not keep anybody inside.
    ended = Authority.open(settings().home / "consortium").revoke(name)
    with gateway_database(json) as database:
        try:
            row = service.named(database, name)
        except UnknownInstitution:
            # One that was removed, and whose certificates outlived it.
            if not ended:
                raise
        else:
            _note(database, "institutions.revoke", row.id)
    if json:
        emit({"institution": name, "revoked": ended})
    else:
        screen.print(f"{escape(name)}: {ended} certificate(s) revoked.")


def certificates(json: JsonFlag = False) -> None:
    """Every certificate that was issued to a node, and whether it still counts."""
    from fedcare.trust.authority import Authority

    issued = Authority.open(settings().home / "consortium").certificates()
    found = [
        {
            "institution": each.institution,
            "serial": f"{each.serial:x}",
            "until": each.not_after.isoformat(timespec="minutes"),
            "state": "revoked" if each.revoked_at else "expired" if each.not_after < datetime.now(UTC) else "counts",
        }
        for each in issued
    ]
    if json:
        emit({"certificates": found})
    elif not found:
        screen.print("No node has enrolled yet: `fedcare institutions token NAME` makes a token.")
    else:
        page.print(listing(found, ("institution", "state", "until", "serial")))


def _note(database: Database, action: str, institution: int) -> None:
    from fedcare.db import audit
    from fedcare.db.database import Scope
    from fedcare.db.tables import CONSORTIUM

    with database.transaction(Scope(CONSORTIUM)) as tx:
        audit.record(tx, command_line(), action, "institution", institution)
