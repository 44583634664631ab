"""A run that is killed at any moment and resumed ends in the same bits as one that was left alone."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from fedcare.aggregation.checkpoint import FILE, load
from fedcare.federation.simulation import Job, simulate
from fedcare.federation.study import design

ROUNDS = 40
STUDY = [
    "insurance-cost", "--rounds", str(ROUNDS), "--local-epochs", "2", "--seed", "3",
    "--strategy", "fedadam", "--set", "num_samples=250", "--set", "average_last=3", "--json",
]  # fmt: skip
SETTINGS = {"rounds": ROUNDS, "epochs": 2, "strategy": "fedadam", "num_samples": 250, "average_last": 3}
KILLS = 2


def start(folder: Path, engine: str, resume: bool) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fedcare", "simulate", *STUDY, "--engine", engine, "--out", str(folder)]
    return subprocess.Popen(command + ["--resume"] * resume, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def complete(process: subprocess.Popen[str]) -> dict:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return json.loads(out)


def wait_for_a_new_checkpoint(path: Path, process: subprocess.Popen[str]) -> None:
    before = path.stat().st_mtime_ns if path.exists() else 0
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and path.stat().st_mtime_ns != before:
            return
        time.sleep(0.002)


@pytest.mark.parametrize("engine", ["inprocess", "batched"])
def test_a_run_killed_again_and_again_ends_in_the_same_bits(tmp_path, engine, watcher):
    same = design("insurance-cost", None, None, {key: str(value) for key, value in SETTINGS.items()}, 3)
    undisturbed = simulate(Job(same, engine, tmp_path / "whole"), watcher)
    chance, rounds_at_kill = np.random.default_rng(7), []
    for attempt in range(KILLS):
        process = start(tmp_path / "killed", engine, resume=attempt > 0)
        wait_for_a_new_checkpoint(tmp_path / "killed" / FILE, process)
        time.sleep(chance.uniform(0.0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        state = load(tmp_path / "killed")
        assert state is not None
        rounds_at_kill.append(state.round)
    assert rounds_at_kill[0] < ROUNDS, "the first kill came too late to test anything"
    resumed = complete(start(tmp_path / "killed", engine, resume=True))
    assert resumed["plan_hash"] == undisturbed["plan_hash"]
    whole, killed = load(tmp_path / "whole"), load(tmp_path / "killed")
    assert whole.vector.tobytes() == killed.vector.tobytes()
    assert whole.best.tobytes() == killed.best.tobytes()
    assert {name: array.tobytes() for name, array in whole.strategy.items()} == {
        name: array.tobytes() for name, array in killed.strategy.items()
    }
    weights = [folder / "model" / "weights.safetensors" for folder in (tmp_path / "whole", tmp_path / "killed")]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert resumed["metrics"] == undisturbed["metrics"]
    assert [entry["metrics"] for entry in resumed["history"]] == [entry["metrics"] for entry in undisturbed["history"]]


def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path):
    process = start(tmp_path / "run", "inprocess", resume=False)
    wait_for_a_new_checkpoint(tmp_path / "run" / FILE, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "--resume" in json.loads(out)["error"]["message"]
    assert complete(start(tmp_path / "run", "inprocess", resume=True))["rounds"] == ROUNDS
