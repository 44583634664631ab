"""The same apps on Flower's Ray simulation give the same figures as in this process."""

import json
import subprocess
import sys

import numpy as np
import pytest

from fedcare.aggregation.checkpoint import load
from fedcare.federation.simulation import Job, simulate

pytest.importorskip("ray", reason="Ray is not installed; pip install 'fedcare[ray]'")
SMALL = ["--rounds", "2", "--local-epochs", "1", "--set", "num_samples=200"]


def test_ray_agrees_with_this_process_within_floating_error(study, tmp_path, watcher):
    here = simulate(Job(study(rounds__rounds=2), "inprocess", tmp_path / "here"), watcher)
    # Ray leaves threads and sockets behind, so it gets a process of its own.
    command = [sys.executable, "-m", "fedcare", "simulate", "insurance-cost", *SMALL]
    there = subprocess.run(
        [*command, "--engine", "ray", "--out", str(tmp_path / "there"), "--json"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert there.returncode == 0, there.stderr[-2000:]
    summary = json.loads(there.stdout)
    assert summary["engine"] == "ray"
    assert summary["plan_hash"] == here["plan_hash"]
    for name, value in here["metrics"].items():
        assert summary["metrics"][name] == pytest.approx(value, rel=1e-4)
    np.testing.assert_allclose(load(tmp_path / "there").vector, load(tmp_path / "here").vector, atol=1e-5)
