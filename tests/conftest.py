"""What all tests share."""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from psycopg import Connection

# No property is about time, and a busy machine makes any of them slow. The examples are the same each time: what fails,
# a change has broken. HYPOTHESIS_PROFILE=search looks for others.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", _PATIENT, derandomize=True)
settings.register_profile("search", _PATIENT, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# The longest, in this order before all others: whoever starts one of them last is waited for by everybody.
LONGEST = (
    "test_stock_flower", "test_processes", "test_up", "test_real_training", "test_resume", "test_services",
    "test_ray_engine", "test_private_kill", "test_fleet", "test_plain_owner", "test_process",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets that are not part of the repository; a test that needs it is skipped without it."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("FEDCARE_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is absent (FEDCARE_TEST_DATA names another folder)")
    return folder


# -- a real PostgreSQL ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers that every account may pass through, which pytest's own folders do not allow to root's."""
    # In memory where there is room: making and removing databases is mostly writing.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 2**30
    folder = Path(tempfile.mkdtemp(prefix="fedcare-test-", dir=memory if roomy else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(server_folder) -> Iterator["Server"]:
    """One server for the whole session: the one of DATABASE_URL, else one started here."""
    from fedcare.db.embedded import EmbeddedServer
    from fedcare.db.urls import with_driver

    given = os.environ.get("DATABASE_URL")
    if given:
        with serving(with_driver(given)) as server:
            yield server
        return
    with EmbeddedServer(server_folder / "session", fast=True) as embedded, serving(embedded.url("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def template(postgres) -> Iterator[str]:
    """The name of a database that is migrated once; every test's own is a copy of it."""
    name = postgres.create()
    if importlib.util.find_spec("fedcare.db.migrate"):
        from fedcare.db.migrate import upgrade

        upgrade(postgres.url(name))
    yield name
    postgres.drop(name)


@pytest.fixture
def database_url(postgres, template) -> Iterator[str]:
    """The owner's URL of a migrated database that is this test's alone."""
    name = postgres.create(template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def empty_database_url(postgres) -> Iterator[str]:
    """The owner's URL of a database without any table."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def gateway_login(postgres, database_url) -> Iterator[str]:
    """The address of this test's database with a login that owns nothing and that every policy binds."""
    from sqlalchemy import make_url

    name, password = f"login_{uuid4().hex}", uuid4().hex
    postgres.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' IN ROLE fedcare_app")
    yield make_url(database_url).set(username=name, password=password).render_as_string(hide_password=False)
    postgres.execute(f"DROP ROLE {name}")


@contextmanager
def serving(address: str) -> Iterator["Server"]:
    """The server at an address, while a connection to it stands."""
    import psycopg

    with psycopg.connect(address.replace("+psycopg", "", 1), autocommit=True) as connection:
        yield Server(address, connection)


class Server:
    """A running PostgreSQL on which tests make and drop databases."""

    def __init__(self, address: str, connection: "Connection") -> None:
        self.address, self._connection = address, connection

    def url(self, database: str) -> str:
        """The address of one of its databases, as its owner."""
        from sqlalchemy import make_url

        return make_url(self.address).set(database=database).render_as_string(hide_password=False)

    def create(self, template: str = "template0") -> str:
        """A new database with a name of its own."""
        name = f"test_{uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")  # The quicker of the two.
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction."""
        self._connection.execute(statement)
