"""The real processes, killed at random moments: the weights are those of a simulation, bit for bit."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text
from tests.federation.processes import Consortium, fedcare, running

from fedcare.aggregation.checkpoint import load
from fedcare.db.database import Scope
from fedcare.db.tables import model_versions
from fedcare.federation.superlink import places


@pytest.fixture(scope="module")
def consortium(postgres, template, server_folder) -> Iterator[Consortium]:
    with running(postgres, template, server_folder) as made:
        yield made


def complete(process: subprocess.Popen) -> dict:
    out, err = process.communicate(timeout=280)
    assert process.returncode == 0, out + err
    return json.loads(out)


def same_bits(one: Path, other: Path) -> bool:
    first, second = load(one), load(other)
    return first.vector.tobytes() == second.vector.tobytes() and first.best.tobytes() == second.best.tobytes()


def test_real_nodes_give_the_bits_of_a_simulation_and_a_signed_version_that_answers(consortium, tmp_path):
    process = consortium.train(3)
    consortium.simulate(tmp_path / "run", 3)
    result = complete(process)
    run = UUID(result["run"])
    assert same_bits(consortium.folder(run), tmp_path / "run")
    assert result["status"] == "completed" and result["decision"]["activate"]
    rounds = consortium.rounds(run)
    assert [(each.round_number, each.clients_participated) for each in rounds] == [(1, 3), (2, 3), (3, 3)]
    with consortium.database.transaction(Scope.of(None)) as tx:
        active = tx.execute(select(model_versions).where(model_versions.c.is_active)).one()
    assert active.version == result["version"] and active.signature
    released = json.loads((consortium.home / "released" / "index.json").read_text())
    assert [each["version"] for each in released] == [result["version"]]


def test_kills_at_random_moments_change_no_bit(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 40)
    process, chance = consortium.train(40), random.Random(3)
    while (row := consortium.run(40)) is None:
        time.sleep(0.1)
    victims = ["runner", "South", "worker", "door", "gateway", "runner"]
    killed = []
    for victim in victims:
        reached = len(consortium.rounds(row.id))
        until = time.monotonic() + 60
        while len(consortium.rounds(row.id)) <= reached and time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.5))
        if process.poll() is None and consortium.kill(victim, row.id):
            killed.append(victim)
    result = complete(process)
    assert same_bits(consortium.folder(row.id), tmp_path / "run"), killed
    assert len(killed) >= 4, killed
    assert result["attempts"] > 1
    assert len(consortium.rounds(row.id)) == 40


def test_secure_sums_over_real_nodes_give_the_bits_of_a_simulation_also_after_a_kill(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 6, "--secure")
    process = consortium.train(6, "--secure")
    while (row := consortium.run(6)) is None or not consortium.rounds(row.id):
        time.sleep(0.02)
    assert consortium.kill("runner", row.id)
    result = complete(process)
    assert result["attempts"] == 2
    assert same_bits(consortium.folder(row.id), tmp_path / "run")
    assert [each.clients_participated for each in consortium.rounds(row.id)] == [3] * 6
    assert load(consortium.folder(row.id)).announced.keys() == {"group 1"}
    with consortium.database.transaction(Scope.of(None)) as tx:
        place = tx.execute(text("select id from institutions where name = 'North'")).scalar_one()
    with consortium.database.transaction(Scope.of(place)) as tx:
        query = text("select distinct kind from egress_log where run = :run")
        left = set(tx.execute(query, {"run": str(row.id)}).scalars())
    assert {"keys", "sealed shares", "masked statistics", "masked update", "masked evaluation"} <= left
    assert not left & {"statistics", "support", "update", "evaluation", "calibration"}


def test_a_door_that_is_killed_costs_the_run_no_attempt_and_no_bit(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 15)
    process = consortium.train(15)
    while (row := consortium.run(15)) is None or not consortium.rounds(row.id):
        time.sleep(0.02)
    before = places.address(consortium.home)
    assert consortium.kill("door", row.id)
    result = complete(process)
    after = places.address(consortium.home)
    assert after.life != before.life and after.private == before.private
    assert result["attempts"] == 1, (consortium.folder(row.id) / "runner.log").read_text()
    assert same_bits(consortium.folder(row.id), tmp_path / "run")


def test_a_node_that_is_too_slow_is_left_out_and_recorded_and_joins_again(consortium):
    process = consortium.train(400, "--set", "min_available=2", "--set", "grace=3", "--set", "deadline=20")
    while (row := consortium.run(400)) is None:
        time.sleep(0.05)

    def rounds():
        state = load(consortium.folder(row.id))
        return state.history if state else []

    def first(found):
        until = time.monotonic() + 120
        while time.monotonic() < until and process.poll() is None:
            if (number := next((each.round for each in rounds() if found(each)), None)) is not None:
                return number
            time.sleep(0.02)
        raise AssertionError([(each.round, each.participants, each.dropped) for each in rounds()])

    first(lambda each: each.round >= 2)
    slow = consortium.supervisor.pids()["South"]
    os.kill(slow, signal.SIGSTOP)
    try:
        missed = first(lambda each: "South" in each.dropped and "South" not in each.participants)
    finally:
        os.kill(slow, signal.SIGCONT)
    back = first(lambda each: each.round > missed and "South" in each.participants)
    first(lambda each: each.round > back)
    fedcare("train", "--stop", str(row.id), env=consortium.env)
    process.communicate(timeout=60)
    history = {each.round: each for each in rounds()}
    assert "no answer within" in history[missed].dropped["South"]
    assert set(history[missed].participants) == {"North", "West"}
    assert sum(each.late_answers for each in history.values()) >= 1
    with consortium.database.transaction(Scope.of(None)) as tx:
        query = text("select clients_participated from training_rounds where run_id = :run and round_number = :missed")
        assert tx.execute(query, {"run": row.id, "missed": missed}).scalar_one() == 2


def test_a_run_that_is_stopped_ends_within_seconds_and_keeps_its_rounds(consortium):
    process = consortium.train(500)
    while (row := consortium.run(500)) is None or not consortium.rounds(row.id):
        time.sleep(0.1)
    asked = time.monotonic()
    fedcare("train", "--stop", str(row.id), env=consortium.env)
    process.communicate(timeout=60)
    assert time.monotonic() - asked < 30
    assert consortium.run(500).status == "stopped"
    until = time.monotonic() + 15
    while consortium.runner(row.id) is not None and time.monotonic() < until:
        time.sleep(0.1)
    assert consortium.runner(row.id) is None
