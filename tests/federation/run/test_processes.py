"""The real processes, killed at random moments: the weights are those of a simulation, bit for bit."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text
from tests.federation.processes import Consortium, fedcare, running

from fedcare.aggregation.checkpoint import load
from fedcare.db.database import Scope
from fedcare.db.tables import model_versions
from fedcare.federation.superlink import places

PATIENCE = 280


@pytest.fixture(scope="module")
def consortium(postgres, template, server_folder) -> Iterator[Consortium]:
    with running(postgres, template, server_folder) as made:
        yield made


def complete(process: subprocess.Popen) -> dict:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out + err
    return json.loads(out)


def wait_for(happened: Callable[[], object], process: subprocess.Popen | None = None) -> None:
    """Until something has happened, which it does before ``process`` ends."""
    until = time.monotonic() + PATIENCE
    while not happened():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.02)


def begun(consortium: Consortium, process: subprocess.Popen, rounds: int) -> UUID:
    """The run with so many rounds, once the first of them stands."""
    wait_for(lambda: (row := consortium.run(rounds)) is not None and consortium.rounds(row.id), process)
    return consortium.run(rounds).id


def same_bits(one: Path, other: Path) -> bool:
    first, second = load(one), load(other)
    return first.vector.tobytes() == second.vector.tobytes() and first.best.tobytes() == second.best.tobytes()


def test_real_nodes_give_the_bits_of_a_simulation_and_a_signed_version_and_a_killed_door_costs_nothing(
    consortium, tmp_path
):
    consortium.simulate(tmp_path / "run", 8)
    process = consortium.train(8)
    run = begun(consortium, process, 8)
    before = places.address(consortium.home)
    assert consortium.kill("door", run)
    result = complete(process)
    after = places.address(consortium.home)
    assert after.life != before.life and after.private == before.private
    assert result["run"] == str(run)
    assert result["attempts"] == 1, (consortium.folder(run) / "runner.log").read_text()
    assert same_bits(consortium.folder(run), tmp_path / "run")
    assert result["status"] == "completed" and result["decision"]["activate"]
    rounds = consortium.rounds(run)
    assert [(each.round_number, each.clients_participated) for each in rounds] == [(n, 3) for n in range(1, 9)]
    with consortium.database.transaction(Scope.of(None)) as tx:
        active = tx.execute(select(model_versions).where(model_versions.c.is_active)).one()
    assert active.version == result["version"] and active.signature
    released = json.loads((consortium.home / "released" / "index.json").read_text())
    assert [each["version"] for each in released] == [result["version"]]


def test_kills_at_random_moments_change_no_bit(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 20)
    process, chance = consortium.train(20), random.Random(3)
    run = begun(consortium, process, 20)
    # The gateway last: while it is away nobody sees a round begin, and the runner goes on.
    for victim in ["South", "worker", "runner", "gateway"]:
        reached = len(consortium.rounds(run))
        wait_for(lambda reached=reached: len(consortium.rounds(run)) > reached, process)
        time.sleep(chance.uniform(0.0, 0.3))
        assert consortium.kill(victim, run), victim
        assert process.poll() is None, f"the run was over before {victim} was killed"
    result = complete(process)
    assert same_bits(consortium.folder(run), tmp_path / "run")
    assert result["attempts"] > 1
    assert len(consortium.rounds(run)) == 20


def test_secure_sums_over_real_nodes_give_the_bits_of_a_simulation_also_after_a_kill(consortium, tmp_path):
    consortium.simulate(tmp_path / "run", 3, "--secure")
    process = consortium.train(3, "--secure")
    run = begun(consortium, process, 3)
    assert consortium.kill("runner", run)
    result = complete(process)
    assert result["attempts"] == 2
    assert same_bits(consortium.folder(run), tmp_path / "run")
    assert [each.clients_participated for each in consortium.rounds(run)] == [3] * 3
    assert load(consortium.folder(run)).announced.keys() == {"group 1"}
    with consortium.database.transaction(Scope.of(None)) as tx:
        place = tx.execute(text("select id from institutions where name = 'North'")).scalar_one()
    with consortium.database.transaction(Scope.of(place)) as tx:
        query = text("select distinct kind from egress_log where run = :run")
        left = set(tx.execute(query, {"run": str(run)}).scalars())
    assert {"keys", "sealed shares", "masked statistics", "masked update", "masked evaluation"} <= left
    assert not left & {"statistics", "support", "update", "evaluation", "calibration"}


def test_a_node_that_is_too_slow_is_left_out_and_recorded_and_joins_again_until_the_run_is_stopped(consortium):
    # The grace is far more than a node that works takes to answer, also on a machine that is busy.
    process = consortium.train(400, "--set", "min_available=2", "--set", "grace=6", "--set", "deadline=40")
    run = begun(consortium, process, 400)

    def rounds():
        state = load(consortium.folder(run))
        return state.history if state else []

    def first(found):
        wait_for(lambda: any(found(each) for each in rounds()), process)
        return next(each.round for each in rounds() if found(each))

    first(lambda each: each.round >= 2)
    slow = consortium.supervisor.pids()["South"]
    os.kill(slow, signal.SIGSTOP)
    try:
        missed = first(lambda each: "South" in each.dropped and "South" not in each.participants)
    finally:
        os.kill(slow, signal.SIGCONT)
    back = first(lambda each: each.round > missed and "South" in each.participants)
    first(lambda each: each.round > back)
    fedcare("train", "--stop", str(run), env=consortium.env)
    process.communicate(timeout=PATIENCE)
    history = {each.round: each for each in rounds()}
    assert "no answer within" in history[missed].dropped["South"]
    assert set(history[missed].participants) == {"North", "West"}
    assert sum(each.late_answers for each in history.values()) >= 1
    with consortium.database.transaction(Scope.of(None)) as tx:
        query = text("select clients_participated from training_rounds where run_id = :run and round_number = :missed")
        assert tx.execute(query, {"run": run, "missed": missed}).scalar_one() == 2
    assert consortium.run(400).status == "stopped"
    assert len(consortium.rounds(run)) == len(history) < 400
    wait_for(lambda: consortium.runner(run) is None)
