"""What is done now and then goes on being done."""

import json
import os
import stat
import time

import pytest

from fedcare.db import audit
from fedcare.db.server import place
from fedcare.gateway import housekeeping
from fedcare.gateway.audit import anchoring
from fedcare.gateway.audit.anchors import FILE, locked
from fedcare.gateway.housekeeping import Housekeeping


def test_a_failure_does_not_end_it(gateway, monkeypatch):
    passes = []

    def fail(database):
        passes.append(database)
        raise ValueError("something unforeseen")

    monkeypatch.setattr(housekeeping, "tidy", fail)
    monkeypatch.setattr(housekeeping, "EVERY_SECONDS", 0.01)
    keeper = Housekeeping(gateway.database, gateway.config.home / FILE, "here")
    keeper.start()
    until = time.monotonic() + 60
    while len(passes) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    keeper.stop()
    assert len(passes) >= 3


# -- the audit log's anchors ------------------------------------------------------------------------------------------


@pytest.fixture
def anchors(gateway):
    """The file, once the gateway's own housekeeping has written it."""
    file = gateway.config.home / FILE
    until = time.monotonic() + 60
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.02)
    with locked(file, wait=True):  # It lets go of the file a moment later.
        return file


@pytest.fixture
def write(gateway):
    """Adds rows to the log of institution A."""

    def add(count):
        with gateway.database.transaction(gateway.scope("A")) as tx:
            for number in range(count):
                audit.record(tx, audit.Origin(), "patients.read", "patient", number)

    return add


@pytest.fixture
def look(gateway, anchors):
    """Housekeeping's look at the chains, a day later unless told otherwise; where it noted that of A to end."""

    def again(later=True):
        if later:
            os.utime(anchors, (time.time() - anchoring.EVERY_SECONDS - 1,) * 2)
        where = place(gateway.database.url)
        anchoring.anchor_daily(gateway.database, anchors, where, housekeeping.tenants(gateway.database))
        return json.loads(anchors.read_text())[where].get(str(gateway.institutions["A"]), {}).get("seq")

    return again


def test_a_gateway_notes_once_a_day_where_the_chains_end(gateway, anchors, look, write):
    assert stat.S_IMODE(anchors.stat().st_mode) == 0o600
    write(3)
    assert look() == 3
    write(2)
    assert look(later=False) == 3
    with locked(anchors, wait=False):
        assert look() == 3  # Somebody verifies.
    assert look() == 5
    assert stat.S_IMODE(anchors.stat().st_mode) == 0o600


def test_an_anchor_that_its_chain_no_longer_goes_through_stays_and_is_logged(gateway, look, write, capfd):
    write(3)
    assert look() == 3
    with gateway.owner.begin() as connection:
        tenant = gateway.institutions["A"]
        connection.exec_driver_sql(f"delete from audit_log where tenant = {tenant}")
        connection.exec_driver_sql(f"delete from audit_heads where tenant = {tenant}")
    write(5)
    assert look() == 3
    assert "audit_chain_changed" in "".join(capfd.readouterr())
