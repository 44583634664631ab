"""The units for places without containers: systemd accepts them, and they may do little."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.deploy.reading import DEPLOY, parse

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "CapabilityBoundingSet": "",
    "RestrictSUIDSGID": "yes",
    "User": "fedcare",
    "Restart": "always",
}


def read(unit: Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str
    found.read(unit)
    return found


def test_there_is_a_unit_for_each_service() -> None:
    assert [unit.name for unit in UNITS] == [f"fedcare-{name}.service" for name in ("coordinator", "gateway", "node")]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_a_command_of_fedcare_with_few_rights(unit: Path) -> None:
    service = read(unit)["Service"]
    assert {key: service[key] for key in HARDENING} == HARDENING
    program, *words = shlex.split(service["ExecStart"])
    assert program == "/opt/fedcare/bin/fedcare"
    parse(words)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_a_unit_and_finds_it_little_exposed(unit: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    told = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=300, check=False)
    assert not [line for line in told.stderr.splitlines() if unit.name in line and "not executable" not in line]
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", rated.stdout + rated.stderr)
    assert exposure, rated
    assert float(exposure[1]) < 2.0
