"""Every service of the compose file starts with its own command and environment, and its own check finds it healthy."""

import json
from contextlib import ExitStack

import psycopg
from tests.deploy.services import stage

HOSPITAL = "Hospital A"


def test_every_service_becomes_healthy_and_a_hospital_enrols(services, server_folder) -> None:
    folder = server_folder / "containers"
    folder.mkdir(mode=0o711)
    with stage(services, folder) as here, ExitStack() as running:
        here.run("tables")
        running.enter_context(here.running("gateway"))
        running.enter_context(here.running("coordinator"))
        here.run("coordinator", "institutions", "add", HOSPITAL)
        token = json.loads(here.run("coordinator", "institutions", "token", HOSPITAL, "--json"))["token"]
        here.run("node", "node", "enrol", "--coordinator", f"localhost:{here.door}", "--token", token)
        running.enter_context(here.running("node"))
        assert_bound_by_every_policy(here.environment("gateway")["DATABASE_URL"])


def assert_bound_by_every_policy(url: str) -> None:
    """The services' login owns nothing and is no superuser."""
    with psycopg.connect(url) as connection:
        query = "select rolsuper or rolbypassrls or rolcreaterole from pg_roles where rolname = current_user"
        assert connection.execute(query).fetchone() == (False,)
        owned = "select count(*) from pg_tables where tableowner = current_user"
        assert connection.execute(owned).fetchone() == (0,)
