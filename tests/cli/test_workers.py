"""``fedcare workers`` and ``fedcare institutions``, on a database whose login owns nothing."""

import json

import pytest
import sqlalchemy
from starlette.testclient import TestClient

from fedcare.settings import settings


@pytest.fixture
def ask(fedcare, gateway_login, monkeypatch, tmp_path):
    """Runs a command on the test's database; what it gives to programs."""
    monkeypatch.setenv("DATABASE_URL", gateway_login)
    monkeypatch.setenv("FEDCARE_HOME", str(tmp_path / "home"))
    settings.cache_clear()

    def run(*command, code=0):
        ran = fedcare(*command, "--json")
        assert ran.code == code, ran
        return json.loads(ran.out)

    return run


@pytest.fixture
def http(gateway_login, tmp_path):
    """A gateway on the same database."""
    from fedcare.db.database import Database
    from fedcare.gateway.app import create_app
    from fedcare.gateway.config import GatewayConfig

    with TestClient(create_app(GatewayConfig(tmp_path / "home", argon2_light=True), Database(gateway_login))) as http:
        yield http


def add(ask, email, role="nurse", *where, code=0):
    return ask("workers", "add", "--email", email, "--name", "Somebody", "--role", role, *where, code=code)


def sign_in(http, email, password="a password of my own"):
    answer = http.post("/api/auth/login", json={"email": email, "password": password})
    return {"Authorization": f"Bearer {answer.json().get('access_token')}"} if answer.status_code == 200 else None


def test_a_worker_is_added_and_gets_in_with_the_invitation(ask, http):
    made = ask("institutions", "add", "Hospital A", "--address", "1 Main Street")
    for where in ("Hospital A", str(made["id"])):
        worker = add(ask, f"nurse{len(where)}@a.example", "nurse", "--institution", where)
        assert (worker["status"], worker["institution_id"]) == ("invited", made["id"])
    body = {"token": worker["invitation"], "password": "a password of my own"}
    assert http.post("/api/auth/invitation", json=body).status_code == 204
    assert sign_in(http, worker["email"])
    listed = ask("workers", "list", "--institution", "Hospital A")["workers"]
    assert sorted(each["status"] for each in listed) == ["active", "invited"]
    assert [each["name"] for each in ask("institutions", "list")["institutions"]] == ["Hospital A"]


def test_an_admin_of_the_consortium_needs_no_institution_and_nobody_else_is_without(ask):
    assert add(ask, "admin@c.example", "admin", "--consortium")["institution_id"] is None
    assert add(ask, "nurse@c.example", "nurse", "--consortium", code=2)["error"]["code"] == "bad_setting"
    assert add(ask, "nurse@c.example", code=2)["error"]["code"] == "bad_setting"
    assert add(ask, "x@c.example", "nurse", "--institution", "No", code=2)["error"]["code"] == "unknown_institution"
    assert add(ask, "no email", "admin", "--consortium", code=2)["error"]["code"] == "bad_setting"
    assert add(ask, "admin@c.example", "admin", "--consortium", code=1)["error"]["code"] == "conflict"
    assert [each["institution"] for each in ask("workers", "list")["workers"]] == ["(consortium)"]


def test_a_deactivated_worker_is_out_at_once_until_activated_again(ask, http):
    worker = add(ask, "admin@c.example", "admin", "--consortium")
    http.post("/api/auth/invitation", json={"token": worker["invitation"], "password": "a password of my own"})
    session = sign_in(http, "admin@c.example")
    assert ask("workers", "deactivate", "ADMIN@c.example")["status"] == "inactive"
    assert wait_for(lambda: http.get("/api/auth/me", headers=session).status_code == 401)
    assert sign_in(http, "admin@c.example") is None
    ask("workers", "activate", "admin@c.example")
    assert sign_in(http, "admin@c.example")


def test_a_worker_is_invited_again_and_removed(ask, http, gateway_login):
    first = add(ask, "admin@c.example", "admin", "--consortium")["invitation"]
    assert ask("workers", "invite", "admin@c.example")["invitation"] != first
    ask("workers", "remove", "admin@c.example", "--consortium")
    assert ask("workers", "remove", "admin@c.example", code=2)["error"]["code"] == "unknown_worker"
    engine = sqlalchemy.create_engine(gateway_login)
    with engine.connect() as connection:
        connection.exec_driver_sql("select set_config('app.institution_id', '0', false)")
        rows = connection.exec_driver_sql("select action, source from audit_log order by seq").all()
    engine.dispose()
    assert [row.action for row in rows] == ["workers.create", "workers.invite", "workers.delete"]
    assert {row.source for row in rows} == {"command line"}


def test_an_email_at_two_institutions_has_to_be_told_apart(ask):
    for name in ("A", "B"):
        ask("institutions", "add", name)
        add(ask, "both@x.example", "doctor", "--institution", name)
    refused = ask("workers", "deactivate", "both@x.example", code=2)
    assert "--institution" in refused["error"]["message"]
    assert ask("workers", "deactivate", "both@x.example", "--institution", "B")["status"] == "inactive"


def test_the_invitation_alone_stands_on_stdout_for_a_script_to_take(fedcare, ask):
    ran = fedcare("workers", "add", "--email", "a@c.example", "--name", "A", "--role", "admin", "--consortium")
    assert ran.out.startswith("0.")
    assert len(ran.out.split()) == 1
    assert "/welcome" in ran.err


def wait_for(holds, seconds=120):
    import time

    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()
