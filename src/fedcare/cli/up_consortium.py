"""A consortium on one machine: its institutions, the people who sign in, and what every institution lets happen."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fedcare.cli.gateway_database import command_line

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from fedcare.cli.up_processes import Layout
    from fedcare.db.database import Database

ROUNDS_A_DAY = 1000
"""What the standing rules of an institution on this machine allow of a task."""

ADMIN = "admin@consortium.example"


@dataclass(frozen=True)
class Place:
    """An institution of this machine; ``slug`` is its name as folders have it."""

    id: int
    name: str
    slug: str


def admit(database: Database, names: Iterable[str]) -> list[Place]:
    """The institutions of these names, those that are missing made."""
    from fedcare.federation.door.client import slug
    from fedcare.gateway.institutions import service
    from fedcare.gateway.institutions.schemas import InstitutionFields

    places = []
    known = {row.name: row for row in service.page(database, 0, None)}
    for name in names:
        row = known.get(name) or service.add(database, command_line(), InstitutionFields(name=name))
        places.append(Place(row.id, row.name, slug(row.name)))
    return places


def allow(database: Database, places: Sequence[Place], tasks: Sequence[str]) -> None:
    """Give every institution a standing rule for each task, where it has none yet: a rule once changed stays."""
    from sqlalchemy import text

    from fedcare.db import audit
    from fedcare.db.database import Scope

    rule = text(
        "insert into standing_rules (institution_id, task, max_rounds_per_day) values (:place, :task, :rounds)"
        " on conflict (tenant, task) do nothing"
    )
    for place in places:
        with database.transaction(Scope.of(place.id)) as tx:
            values = [{"place": place.id, "task": task, "rounds": ROUNDS_A_DAY} for task in tasks]
            if sum(tx.execute(rule, each).rowcount for each in values):
                audit.record(tx, command_line(), "plans.change_rule", "standing_rule", ", ".join(tasks))


def enrol(layout: Layout, places: Sequence[Place], tasks: Sequence[str]) -> None:
    """Give every institution a node that the coordinator knows, as ``fedcare node enrol`` does, where it has none.

    Its records are its rows of the database. The coordinator's door must be open; where it is elsewhere than at an
    earlier start, the nodes are told.
    """
    from fedcare.federation.door.client import enrol as join
    from fedcare.federation.node.config import SETTINGS, NodeConfig, NodeFolder, RecordSource
    from fedcare.trust.authority import Authority
    from fedcare.trust.files import write_private

    authority = Authority.open(layout.home / "consortium")
    nodes = layout.home / "node"
    for place in places:
        folder = nodes / place.slug
        if (folder / SETTINGS).exists():
            if (config := NodeFolder(folder).config()).coordinator != layout.coordinator:
                moved = config.model_copy(update={"coordinator": layout.coordinator})
                write_private(folder / SETTINGS, moved.to_toml().encode())
            continue
        folder, _ = join(nodes, layout.coordinator, authority.token(place.name))
        config = NodeConfig(
            institution=place.name,
            coordinator=layout.coordinator,
            images=layout.images(place.slug),
            records={task: RecordSource(source="database") for task in tasks},
        )
        write_private(folder / SETTINGS, config.to_toml().encode())


# -- people -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Login:
    """How somebody signs in at a demonstration."""

    email: str
    password: str


def people(database: Database, places: Sequence[Place], kept: Path) -> Login | None:
    """Make an administrator of the consortium, and a doctor and an administrator of every institution.

    They share one random password, which is kept in ``kept``, mode 0600. Nothing is made where the consortium has an
    administrator already; the login then is the one that was kept, None where there is none.
    """
    from fedcare.db.cluster import write_private

    if not kept.exists():
        if _has_admin(database):
            return None
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(kept, json.dumps({"email": ADMIN, "password": secrets.token_urlsafe(12)}))
    login = Login(**json.loads(kept.read_text(encoding="utf-8")))
    if not _has_admin(database):
        _make(database, places, login)
    return login


def _make(database: Database, places: Sequence[Place], login: Login) -> None:
    from fedcare.db.database import Scope
    from fedcare.gateway.auth.passwords import Passwords

    hashed = Passwords().hash(login.password)
    for place in places:
        with database.transaction(Scope.of(place.id)) as tx:
            for role in ("doctor", "admin"):
                _add(tx, place.id, f"{role}@{place.slug}.example", f"{role.capitalize()} of {place.name}", role, hashed)
    # The consortium's own comes last: without it, a start that was cut short is taken up again.
    with database.transaction(Scope.of(None)) as tx:
        _add(tx, None, login.email, "Administrator of the consortium", "admin", hashed)


def _add(tx: Connection, place: int | None, email: str, name: str, role: str, hashed: str) -> None:
    from sqlalchemy.dialects.postgresql import insert

    from fedcare.db import audit
    from fedcare.db.ids import new_id
    from fedcare.db.tables import medical_workers

    worker: UUID = new_id()
    values: dict[str, Any] = {"id": worker, "institution_id": place, "email": email, "name": name, "role": role}
    adding = insert(medical_workers).values(**values, password_hash=hashed).on_conflict_do_nothing()
    if tx.execute(adding).rowcount:
        audit.record(tx, command_line(), "workers.create", "worker", worker)


def _has_admin(database: Database) -> bool:
    """Whether the consortium has an administrator."""
    from sqlalchemy import select

    from fedcare.db.database import Scope
    from fedcare.db.tables import medical_workers

    with database.transaction(Scope.of(None)) as tx:
        return tx.execute(select(medical_workers.c.id).limit(1)).first() is not None
