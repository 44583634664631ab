"""A running gateway with two institutions, workers of every role in both, and an admin of the consortium."""

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy
from fastapi import FastAPI
from starlette.testclient import TestClient

from fedcare.db.audit import Origin
from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.tables import institutions, medical_workers
from fedcare.gateway import console, events
from fedcare.gateway.app import create_app
from fedcare.gateway.auth import repository, service
from fedcare.gateway.auth.passwords import Passwords
from fedcare.gateway.config import GatewayConfig
from fedcare.gateway.models.importing import Imported, import_version

PASSWORD = "correct horse battery staple"
ROLES = ("nurse", "doctor", "admin")
PASSWORD_HASH = Passwords(light=True).hash(PASSWORD)


@dataclass
class Gateway:
    """The application under test and what the tests know of it.

    ``institutions`` are ids by name (``A``, ``B``), ``workers`` ids by (role, name), the consortium's admin under
    ``("consortium", None)``; ``owner`` is an engine as the tables' owner, bound by no policy.
    """

    app: FastAPI
    config: GatewayConfig
    database: Database
    owner: sqlalchemy.Engine
    http: TestClient
    institutions: dict[str, int] = field(default_factory=dict)
    workers: dict[tuple[str, str | None], UUID] = field(default_factory=dict)

    @property
    def services(self):
        """What the endpoints get."""
        return self.app.state.services

    def anonymous(self, **options) -> TestClient:
        """A client without a session; ``options`` go to ``TestClient``."""
        client = TestClient(self.app, **options)
        client.portal = self.http.portal  # Share the loop of the application's lifespan.
        return client

    def client(self, role: str, institution: str | None = "A", **options) -> TestClient:
        """A client with a Bearer token; ``consortium`` has no institution."""
        institution = None if role == "consortium" else institution
        client = self.anonymous(**options)
        client.headers["Authorization"] = f"Bearer {self.token(role, institution)}"
        return client

    def token(self, role: str, institution: str | None = "A") -> str:
        """An access token of a new session."""
        worker_id = self.workers[role, institution]
        with self.database.transaction(self.scope(institution)) as tx:
            account = repository.worker(tx, worker_id)
        return service.open_session(self.services, Origin(), account).access

    def scope(self, institution: str | None) -> Scope:
        """The scope of an institution's rows, or the consortium's."""
        return Scope.of(self.institutions[institution] if institution else None)

    def rows(self, statement: str, **values) -> list[dict]:
        """What the tables' owner sees."""
        with self.owner.connect() as connection:
            return [dict(row) for row in connection.execute(sqlalchemy.text(statement), values).mappings()]

    def email(self, role: str, institution: str | None = "A") -> str:
        """The email of a worker, whose password is ``PASSWORD``."""
        return email_of(role, institution)


def email_of(role: str, institution: str | None) -> str:
    return f"{role}@{(institution or 'consortium').lower()}.example"


@pytest.fixture
def make_gateway(database_url, tmp_path, monkeypatch) -> Iterator[Callable[..., Gateway]]:
    """Starts gateways on this test's database: several of them are several processes that share one."""
    monkeypatch.setattr(events, "WAKE_SECONDS", 0.05)  # It stops the sooner.
    monkeypatch.setattr(console, "BUILT", "nowhere")  # The pages' files have tests of their own.
    owner = sqlalchemy.create_engine(database_url)
    running: list[TestClient] = []

    def start(home: Path | None = None, **config) -> Gateway:
        settings = GatewayConfig(home=home or tmp_path / "home", argon2_light=True, **config)
        database = Database(database_url)
        app = create_app(settings, database)
        http = TestClient(app)
        http.__enter__()
        running.append(http)
        return Gateway(app, settings, database, owner, http)

    yield start
    for http in reversed(running):
        http.__exit__(None, None, None)
    owner.dispose()


@pytest.fixture
def populated() -> Callable[[Gateway], Gateway]:
    """Adds institutions A and B with a nurse, a doctor and an admin each, and the consortium's admin."""
    return populate


@pytest.fixture
def gateway(make_gateway, populated) -> Gateway:
    """A gateway with institutions and workers."""
    return populated(make_gateway())


@pytest.fixture
def client(gateway) -> Callable[..., TestClient]:
    """``client("doctor")``, ``client("nurse", "B")``, ``client("consortium")``: clients with a session."""
    return gateway.client


@pytest.fixture
def anonymous(gateway) -> TestClient:
    """A client without a session."""
    return gateway.anonymous()


def populate(gateway: Gateway) -> Gateway:
    """Add the institutions and workers."""
    with gateway.owner.begin() as connection:
        # A superuser passes every policy; the owner on a server of one's own is bound by them.
        for name in ("A", "B"):
            _as(connection, 0)
            made = sqlalchemy.insert(institutions).values(name=f"Hospital {name}").returning(institutions.c.id)
            gateway.institutions[name] = connection.execute(made).scalar_one()
        for name in ("A", "B"):
            for role in ROLES:
                gateway.workers[role, name] = _add(connection, gateway.institutions[name], name, role)
        gateway.workers["consortium", None] = _add(connection, None, None, "consortium")
    return gateway


def _add(connection, institution_id: int | None, institution: str | None, role: str) -> UUID:
    _as(connection, institution_id or 0)
    worker_id = new_id()
    connection.execute(
        sqlalchemy.insert(medical_workers).values(
            id=worker_id,
            institution_id=institution_id,
            email=email_of(role, institution),
            password_hash=PASSWORD_HASH,
            name=f"{role.title()} {institution}" if institution else "Consortium Admin",
            role="admin" if role == "consortium" else role,
        )
    )
    return worker_id


def _as(connection, tenant: int) -> None:
    connection.execute(sqlalchemy.text("select set_config('app.institution_id', :id, true)"), {"id": str(tenant)})


# -- model versions ---------------------------------------------------------------------------------------------------

RECIPES = {
    "insurance": ("insurance-cost", 2, 1, ["num_samples=300"]),
    "insurance-2": ("insurance-cost", 2, 2, ["num_samples=300"]),
    "imaging": ("cancer-imaging", 1, 1, ["num_samples=100", "image_size=28"]),
}


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Callable[[str], Path]:
    """``trained("insurance")``: the folder of a version that was really, if briefly, trained; once a session."""
    made: dict[str, Path] = {}

    def train(name: str) -> Path:
        if name not in made:
            from fedcare.cli.simulate import command

            task, rounds, seed, settings = RECIPES[name]
            folder = tmp_path_factory.mktemp("run") / name
            with redirect_stdout(StringIO()):
                command(task, rounds=rounds, seed=seed, out=folder, set_=settings, json=True)
            made[name] = folder / "model"
        return made[name]

    return train


@pytest.fixture
def serve(gateway, trained) -> Callable[..., Imported]:
    """``serve("insurance")``: gives a trained version to the gateway, active unless told otherwise."""

    def give(name: str, activate: bool = True) -> Imported:
        folder = gateway.services.shelf.folder
        found = import_version(gateway.database, folder, trained(name), activate, Origin())
        gateway.services.shelf.reload()
        return found

    return give
