"""``fedcare workers``: who may sign in."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from fedcare.cli.gateway_database import checked, command_line, gateway_database
from fedcare.cli.output import JsonFlag, emit, page, screen
from fedcare.cli.runs import listing
from fedcare.errors import BadSetting

if TYPE_CHECKING:
    from sqlalchemy import Row

    from fedcare.db.database import Database
    from fedcare.gateway.institutions.workers import Place

app = typer.Typer(help="Who may sign in at the gateway.", no_args_is_help=True)


class WorkerRole(StrEnum):
    """What a worker may be."""

    NURSE = "nurse"
    DOCTOR = "doctor"
    ADMIN = "admin"


Email = Annotated[str, typer.Argument(help="The worker's email.")]
Institution = Annotated[str | None, typer.Option(help="An institution's name or id.")]
Consortium = Annotated[bool, typer.Option("--consortium", help="The consortium itself, not one of its institutions.")]


@app.command("add")
def add(
    email: Annotated[str, typer.Option(help="What the worker signs in with.")],
    name: Annotated[str, typer.Option(help="The worker's name.")],
    role: Annotated[WorkerRole, typer.Option(help="What the worker may do.")],
    institution: Institution = None,
    consortium: Consortium = False,
    json: JsonFlag = False,
) -> None:
    """Add a worker and print the invitation that sets the password, once, within a week."""
    from fedcare.gateway.institutions import workers
    from fedcare.gateway.institutions.schemas import NewWorker

    new = checked(NewWorker, email=email, name=name, role=role.value)
    with gateway_database(json) as database:
        place = _place(database, institution, consortium, required=True)
        if place.institution_id is None and role is not WorkerRole.ADMIN:
            raise BadSetting(setting="--role", value=role.value, reason="the consortium has administrators only")
        row, invitation = workers.add(database, command_line(), place, new)
    _show_invitation(row, invitation, json)


@app.command("invite")
def invite(
    email: Email, institution: Institution = None, consortium: Consortium = False, json: JsonFlag = False
) -> None:
    """Print another invitation, for one that expired or a password that was forgotten."""
    from fedcare.gateway.institutions import workers

    with gateway_database(json) as database:
        place, found = _find(database, email, institution, consortium)
        row, invitation = workers.invite(database, command_line(), place, found.id)
    _show_invitation(row, invitation, json)


@app.command("list")
def list_(institution: Institution = None, consortium: Consortium = False, json: JsonFlag = False) -> None:
    """Every worker, or those of one institution."""
    from uuid import UUID

    from fedcare.gateway.institutions import service, workers

    with gateway_database(json) as database:
        names = {None: "(consortium)"} | {row.id: row.name for row in service.page(database, 0, None)}
        named = institution is not None or consortium
        places = (
            [_place(database, institution, consortium, required=True)] if named else [workers.Place(i) for i in names]
        )
        rows = [row for place in places for row in workers.page(database, place, UUID(int=0), None)]
    found = [_described(row) | {"institution": names[row.institution_id]} for row in rows]
    if json:
        emit({"workers": found})
    elif not found:
        screen.print("No workers yet: `fedcare workers add` adds one.")
    else:
        page.print(listing(found, ("email", "name", "role", "institution", "status")))


@app.command("deactivate")
def deactivate(
    email: Email, institution: Institution = None, consortium: Consortium = False, json: JsonFlag = False
) -> None:
    """Let a worker in no longer; sessions end at once, the account stays."""
    _set_active(email, institution, consortium, json, active=False)


@app.command("activate")
def activate(
    email: Email, institution: Institution = None, consortium: Consortium = False, json: JsonFlag = False
) -> None:
    """Let a deactivated worker in again."""
    _set_active(email, institution, consortium, json, active=True)


@app.command("remove")
def remove(
    email: Email, institution: Institution = None, consortium: Consortium = False, json: JsonFlag = False
) -> None:
    """Remove an account for good; sessions end at once, what the worker did stays on record."""
    from fedcare.gateway.institutions import workers

    with gateway_database(json) as database:
        place, found = _find(database, email, institution, consortium)
        workers.remove(database, command_line(), place, found.id)
    if json:
        emit({"removed": str(found.id), "email": found.email})
    else:
        screen.print(f"Removed {escape(found.email)}.")


# -- what they have in common -----------------------------------------------------------------------------------------


def _set_active(email: str, institution: str | None, consortium: bool, json: bool, active: bool) -> None:
    from fedcare.gateway.institutions import workers
    from fedcare.gateway.institutions.schemas import WorkerFields

    with gateway_database(json) as database:
        place, found = _find(database, email, institution, consortium)
        fields = WorkerFields(name=found.name, role=found.role, is_active=active)
        row, _ = workers.change(database, command_line(), place, found.id, fields)
    if json:
        emit(_described(row))
    else:
        screen.print(f"{escape(row.email)} {'may sign in again' if active else 'can no longer sign in'}.")


def _place(database: Database, institution: str | None, consortium: bool, required: bool = False) -> Place:
    from fedcare.gateway.institutions import service
    from fedcare.gateway.institutions.workers import Place

    if consortium == (institution is not None) and (consortium or required):
        raise BadSetting(setting="--institution", value=institution, reason="name one, or say --consortium")
    return Place(service.named(database, institution).id if institution is not None else None)


def _find(database: Database, email: str, institution: str | None, consortium: bool) -> tuple[Place, Row[Any]]:
    from fedcare.db.tables import CONSORTIUM
    from fedcare.gateway.institutions import workers

    named = institution is not None or consortium
    tenant = (_place(database, institution, consortium).institution_id or CONSORTIUM) if named else None
    found = workers.of_email(database, email.strip().lower(), tenant)
    return workers.Place(found.institution_id), found


def _described(row: Row[Any]) -> dict[str, Any]:
    status = ("active" if row.has_password else "invited") if row.is_active else "inactive"
    return {
        "id": str(row.id),
        "email": row.email,
        "name": row.name,
        "role": row.role,
        "institution_id": row.institution_id,
        "status": status,
    }


def _show_invitation(row: Row[Any], invitation: str, json: bool) -> None:
    if json:
        emit(_described(row) | {"invitation": invitation})
        return
    screen.print(
        f"{escape(row.email)} sets a password with this invitation, once, within a week, at the gateway's address and"
        " /welcome:"
    )
    print(invitation)  # noqa: T201
