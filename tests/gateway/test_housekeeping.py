"""What is done now and then goes on being done."""

import time

from fedcare.gateway import housekeeping
from fedcare.gateway.housekeeping import Housekeeping


def test_a_failure_does_not_end_it(gateway, monkeypatch):
    passes = []

    def fail(database):
        passes.append(database)
        raise ValueError("something unforeseen")

    monkeypatch.setattr(housekeeping, "tidy", fail)
    monkeypatch.setattr(housekeeping, "EVERY_SECONDS", 0.01)
    keeper = Housekeeping(gateway.database)
    keeper.start()
    until = time.monotonic() + 10
    while len(passes) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    keeper.stop()
    assert len(passes) >= 3
