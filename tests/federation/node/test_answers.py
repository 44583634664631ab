"""Nothing leaves an institution without its row in the log, and what is asked twice leaves as the same bits."""

import threading
import time

import numpy as np
import pytest

from fedcare.errors import DatabaseUnavailable
from fedcare.federation.node import egress
from fedcare.federation.site import Site


@pytest.fixture
def here(unconnected, plan):
    made = unconnected()
    made.approve(plan())
    return made


def test_every_answer_has_a_row_with_its_bytes_and_hash(here, asking, plan, prepared):
    run = asking(plan())
    more = prepared(run, here)
    update = run.ask(here, "train", 1, **more)
    run.ask(here, "evaluate", 1, **more)
    evaluation, trained, statistics = here.egress()
    assert [row["kind"] for row in (statistics, trained, evaluation)] == ["statistics", "update", "evaluation"]
    assert {row["run"] for row in here.egress()} == {"run-1"} and trained["round"] == 1
    assert trained["plan_hash"] == plan().hash and len(trained["hash"]) == 64
    assert trained["bytes"] == update.vector.nbytes + 128  # An array's header of 128 bytes goes with it.


def test_without_its_row_an_answer_does_not_leave(here, asking, plan, monkeypatch):
    def broken(*args):
        raise DatabaseUnavailable()

    monkeypatch.setattr(egress, "record_answer", broken)
    assert asking(plan()).ask(here, ttl=1.0) is None
    monkeypatch.undo()
    assert here.egress() == []
    assert asking(plan()).ask(here).error is None


def test_a_repeated_question_is_answered_from_memory_with_the_same_bits(here, asking, plan, prepared, monkeypatch):
    run = asking(plan())
    more = prepared(run, here)
    first = run.ask(here, "train", 1, **more)
    monkeypatch.setattr(Site, "train", lambda *args: pytest.fail("trained twice"))
    again = run.ask(here, "train", 1, **more)
    np.testing.assert_array_equal(first.vector, again.vector)
    assert (first.loss, first.seconds) == (again.loss, again.seconds)
    hashes = [row["hash"] for row in here.egress() if row["kind"] == "update"]
    assert len(hashes) == 2 and len(set(hashes)) == 1  # It left twice, and the log says so.


def test_another_run_is_not_answered_from_memory(here, asking, plan, monkeypatch):
    assert asking(plan()).ask(here).error is None
    monkeypatch.setattr(Site, "statistics", lambda *args: 1 / 0)
    assert asking(plan(), run_id="run-2").ask(here).error == "local failure (ZeroDivisionError)"


def test_the_answers_are_those_of_a_simulation(here, asking, plan, prepared, csv_source):
    from pathlib import Path

    from fedcare.data.split import institution
    from fedcare.federation.messages import Instruction
    from fedcare.tasks.loading import read
    from fedcare.tasks.registry import get

    run = asking(plan())
    more = prepared(run, here)
    task = get("insurance-cost")
    rows = read(task, Path(csv_source.removeprefix("csv:"))).records
    site = Site(institution(here.name, rows, task.kind, 42))
    instruction = Instruction(plan().canonical(), 1, "train", more["preprocessing"])
    expected = site.train(instruction, more["vector"])
    np.testing.assert_array_equal(run.ask(here, "train", 1, **more).vector, expected.vector)


def test_the_database_away_is_waited_for_and_then_the_answer_comes(here, asking, plan, postgres, gateway_login):
    from sqlalchemy import make_url

    login = make_url(gateway_login).username
    run = asking(plan())
    postgres.execute(f"ALTER ROLE {login} NOLOGIN")
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{login}'")
    back = threading.Timer(2.0, lambda: postgres.execute(f"ALTER ROLE {login} LOGIN"))
    back.start()
    started = time.monotonic()
    answer = run.ask(here)
    back.join()
    assert answer.error is None and time.monotonic() - started > 1.5
    assert len(here.egress()) == 1
