"""A server of one's own, set up as docs/gateway.md says: its owner may make roles and is no superuser."""

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import make_url
from tests.gateway.process import running

from fedcare.db.embedded import EmbeddedServer
from fedcare.db.urls import without_driver


@pytest.fixture
def administrator(server_folder):
    """The address of a server that never saw a FedCare, as its superuser."""
    with EmbeddedServer(server_folder / uuid4().hex, fast=True) as server:
        yield server.url("postgres")


def execute(url, *statements):
    with psycopg.connect(without_driver(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def as_login(administrator):
    """The address of the database as one of its logins, whose password is the login's name."""

    def make(name, database="care"):
        url = make_url(administrator).set(username=name, password=name, database=database)
        return url.render_as_string(hide_password=False)

    return make


@pytest.fixture
def fedcare(tmp_path):
    """Runs a command with a DATABASE_URL; the finished process."""

    def run(url, *arguments):
        environment = os.environ | {"DATABASE_URL": url, "FEDCARE_HOME": str(tmp_path / "home")}
        command = [sys.executable, "-m", "fedcare", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)

    return run


def test_an_owner_that_may_make_roles_is_enough_for_the_tables_and_a_gateway(
    administrator, as_login, fedcare, tmp_path
):
    execute(
        administrator,
        "create role owner login createrole password 'owner'",
        "create database care owner owner",
    )
    upgraded = fedcare(as_login("owner"), "db", "upgrade", "--json")
    assert upgraded.returncode == 0, upgraded.stderr
    assert json.loads(fedcare(as_login("owner"), "db", "status", "--json").stdout)["pending"] == []
    # The owner made fedcare_app, so it may hand it on without an administrator.
    execute(
        as_login("owner"),
        "create role gateway login password 'gateway'",
        "grant fedcare_app to gateway",
    )
    refused = fedcare(as_login("owner"), "gateway", "--port", "0")
    assert refused.returncode != 0 and "Traceback" not in refused.stderr and "owns tables" in refused.stderr

    added = fedcare(as_login("gateway"), "institutions", "add", "One", "--json")
    assert added.returncode == 0, added.stderr
    with ExitStack() as started:
        process, address = started.enter_context(running(as_login("gateway"), tmp_path / "home"))
        http = started.enter_context(httpx.Client(base_url=address, timeout=60))
        assert http.get("/api/health/ready").json()["database"]
        token = re.search(r"^(0\.\S{40,})$", "".join(process.said), re.MULTILINE)[1]
        me = {"email": "first@consortium.example", "password": "a password of my own"}
        made = http.post("/api/auth/invitation", json=me | {"token": token, "name": "First"})
        assert made.status_code == 204, made.text
        session = http.post("/api/auth/login", json=me).json()
        bearer = {"Authorization": f"Bearer {session['access_token']}"}
        items = http.get("/api/institutions", headers=bearer).json()["items"]
        assert [each["name"] for each in items] == ["One"]
    for login in ("owner", "gateway"):
        verified = fedcare(as_login(login), "audit", "verify", "--json")
        assert json.loads(verified.stdout)["intact"], verified.stderr


def test_a_second_database_on_the_server_works_once_the_role_is_handed_to_its_owner(administrator, as_login, fedcare):
    for number in (1, 2):
        execute(
            administrator,
            f"create role owner_{number} login createrole password 'owner_{number}'",
            f"create database care_{number} owner owner_{number}",
        )
    first, second = as_login("owner_1", "care_1"), as_login("owner_2", "care_2")
    assert fedcare(first, "db", "upgrade").returncode == 0
    upgraded = fedcare(second, "db", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    execute(administrator, "grant fedcare_app to owner_2")
    added = fedcare(second, "institutions", "add", "Two", "--json")
    assert added.returncode == 0, added.stderr
