"""``fedcare institutions token|revoke|certificates`` and ``fedcare node enrol``, against a coordinator that runs."""

import json
import os
import stat
import subprocess
import sys
import time

import pytest

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

    yield run
    settings.cache_clear()


@pytest.fixture
def door(ask, tmp_path):
    """The address of a coordinator of the same home."""
    from fedcare.federation.superlink import places

    home = tmp_path / "home"
    command = [sys.executable, "-m", "fedcare.federation.superlink", "--host", "127.0.0.1", "--port", "0"]
    environment = os.environ | {"FEDCARE_GATEWAY_URL": "http://127.0.0.1:9"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        end = time.monotonic() + 240
        while not (home / "superlink/address.json").exists():
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield places.address(home).public
        process.terminate()
        assert process.wait(240) == 0


def test_an_institution_enrols_once_and_is_shown_out(ask, door, tmp_path, monkeypatch):
    ask("institutions", "add", "St. Anna")
    token = ask("institutions", "token", "St. Anna")["token"]
    monkeypatch.setenv("FEDCARE_TOKEN", token)
    there = str(tmp_path / "hospital")
    made = ask("node", "enrol", "--coordinator", door, "--home", there)
    assert made["institution"] == "St. Anna"
    folder = tmp_path / "hospital/node/st-anna"
    assert {path.name for path in folder.iterdir()} >= {"node.key", "node.crt", "ca.crt", "node.toml"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())

    # The token is spent, for everybody else and for a second key.
    error = ask("node", "enrol", "--coordinator", door, "--home", str(tmp_path / "thief"), code=2)["error"]
    assert error["code"] == "bad_enrolment"
    monkeypatch.setenv("FEDCARE_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    (listed,) = ask("institutions", "certificates")["certificates"]
    assert (listed["institution"], listed["state"]) == ("St. Anna", "counts")

    from fedcare.errors import CoordinatorRefused, CoordinatorUnreachable
    from fedcare.federation.door.client import Door
    from fedcare.trust.identity import load

    with Door(door, load(folder)) as at_door:
        assert at_door.plans() == []
        assert ask("institutions", "revoke", "St. Anna", code=2)["error"]["code"] == "not_confirmed"
        assert ask("institutions", "revoke", "St. Anna", "--yes") == {"institution": "St. Anna", "revoked": 1}
        with pytest.raises((CoordinatorRefused, CoordinatorUnreachable)):
            at_door.plans()
    assert ask("institutions", "certificates")["certificates"][0]["state"] == "revoked"

    # It may come back, with a new token and a new key.
    monkeypatch.setenv("FEDCARE_TOKEN", ask("institutions", "token", "St. Anna")["token"])
    ask("node", "enrol", "--coordinator", door, "--home", there)
    with Door(door, load(folder)) as at_door:
        renewed = at_door.renew()
        at_door.status({"insurance-cost": 12}, "fedcare", "waiting")
        assert at_door.versions() == []
    assert renewed.institution == "St. Anna"


def test_a_token_of_another_consortium_is_sent_to_nobody(ask, door, tmp_path, monkeypatch):
    from fedcare.trust.authority import Authority

    token = Authority.open(tmp_path / "other").token("St. Anna")
    error = ask("node", "enrol", "--coordinator", door, "--token", token, code=2)["error"]
    assert error["code"] == "untrusted_coordinator"
    error = ask("node", "enrol", "--coordinator", door, "--token", token, "--ca-fingerprint", "00" * 32, code=2)
    assert error["error"]["code"] == "untrusted_coordinator"


def test_a_coordinator_that_is_away_is_said_to_be(ask, tmp_path):
    from fedcare.trust.authority import Authority

    token = Authority.open(tmp_path / "other").token("St. Anna")
    error = ask("node", "enrol", "--coordinator", "127.0.0.1:1", "--token", token, code=3)["error"]
    assert error["code"] == "coordinator_unreachable"
    assert ask("node", "enrol", "--coordinator", "nowhere", "--token", token, code=2)["error"]["code"] == "bad_setting"


def test_only_a_known_institution_gets_a_token(ask):
    assert ask("institutions", "token", "Nobody", code=2)["error"]["code"] == "unknown_institution"
    assert ask("institutions", "certificates") == {"certificates": []}
