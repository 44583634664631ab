"""The command line, run inside the test's process."""

import json
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from fedcare.cli import app
from fedcare.settings import settings

HOSPITAL = "Hospital A"


class Ran(NamedTuple):
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture
def fedcare(monkeypatch, capfd, tmp_path) -> Callable[..., Ran]:
    """Runs ``fedcare ARGS...`` as the program would, with runs kept under the test's own folder."""
    monkeypatch.setenv("FEDCARE_RUNS", str(tmp_path / "runs"))
    settings.cache_clear()

    def run(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["fedcare", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            app.main()
        out, err = capfd.readouterr()
        return Ran(int(end.value.code or 0), out, err)

    yield run
    settings.cache_clear()


@pytest.fixture
def ask(fedcare, gateway_login, monkeypatch, tmp_path):
    """Runs a command for the node of Hospital A; what it gives to programs."""
    from fedcare.federation.node.config import NodeConfig
    from fedcare.trust import identity
    from fedcare.trust.authority import Authority

    monkeypatch.setenv("DATABASE_URL", gateway_login)
    monkeypatch.setenv("FEDCARE_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    folder = tmp_path / "home" / "node" / "hospital-a"
    identity.make_key(folder)
    authority = Authority.open(tmp_path / "consortium")
    identity.keep(folder, authority.enrol(identity.csr(folder, HOSPITAL), authority.token(HOSPITAL)), authority.ca_pem)
    config = NodeConfig(
        institution=HOSPITAL, coordinator="127.0.0.1:1", records={"insurance-cost": {"source": "database"}}
    )
    (folder / "node.toml").write_text(config.to_toml())

    def run(*command, code=0):
        ran = fedcare(*command, "--json")
        assert ran.code == code, ran
        return json.loads(ran.out)

    run("institutions", "add", HOSPITAL)
    yield run
    settings.cache_clear()
