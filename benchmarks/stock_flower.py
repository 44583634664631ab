"""Stock Flower as its users have it: one SuperLink, SuperNodes, a bundle, all of them processes of its own commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flwr.proto.control_pb2 import ListRunsRequest
from flwr.supercore.control import ControlHttpClient

from benchmarks.consortium import family
from benchmarks.served import wait_until_up
from fedcare.ports import free_port
from fedcare.supervision.process import launch

BIN = Path(sys.executable).parent


@dataclass
class Stock:
    """A running SuperLink with its SuperNodes; everything they keep lies in ``folder``."""

    folder: Path
    port: int
    environment: dict[str, str]

    def run(self, app: Path, config: Mapping[str, str | int], seconds: float) -> float:
        """Submit the app, wait for its end, and give the seconds it took; raises SystemExit where it fails."""
        text = " ".join(f"{key}={json.dumps(value)}" for key, value in config.items())
        answer = self._flwr("run", str(app), "stock", "--run-config", text, "--format", "json")
        number = int(json.loads(answer[answer.index("{") :])["run-id"])
        started = time.monotonic()
        with ControlHttpClient.from_server_address(f"127.0.0.1:{self.port}", True, None, []) as control:
            while time.monotonic() < started + seconds:
                state = control.ListRuns(ListRunsRequest(run_id=number)).run_dict[number].status
                if state.status == "finished":
                    if state.sub_status != "completed":
                        raise SystemExit(f"{state.sub_status} {state.details}; the logs are in {self.folder}")
                    return time.monotonic() - started
                time.sleep(1)
        raise SystemExit(f"no end after {seconds:g} s; the logs are in {self.folder}")

    def _flwr(self, *words: str) -> str:
        command = [str(BIN / "flwr"), *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def stock_flower(folder: Path, nodes: Sequence[Mapping[str, str]]) -> Iterator[Stock]:
    """``flower-superlink`` and one ``flower-supernode`` for each config, without TLS on loopback, calling nobody."""
    environment = os.environ | {
        "FLWR_HOME": str(folder / "flwr"),
        "FLWR_TELEMETRY_ENABLED": "0",
        "FLWR_DISABLE_UPDATE_CHECK": "1",
        "FEDCARE_RUNS": str(folder / "runs"),
        "OMP_NUM_THREADS": "1",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    port = free_port()
    (folder / "flwr").mkdir(parents=True, exist_ok=True)
    connection = f'[superlink.stock]\naddress = "127.0.0.1:{port}"\ninsecure = true\n'
    (folder / "flwr" / "config.toml").write_text(f'[superlink]\ndefault = "stock"\n\n{connection}')
    with ExitStack() as stack:
        link = ["flower-superlink", "--insecure", "--port", str(port), "--disable-runtime-dependency-installation"]
        superlink = stack.enter_context(_process(link, folder / "superlink.log", environment))
        wait_until_up(port, superlink)
        for place, config in enumerate(nodes):
            words = " ".join(f'{key}="{value}"' for key, value in config.items())
            node = ["flower-supernode", "--insecure", "--superlink", f"127.0.0.1:{port}", "--port", str(free_port())]
            log = folder / f"supernode-{place}.log"
            stack.enter_context(_process([*node, "--node-config", words], log, environment))
        yield Stock(folder, port, environment)


@contextmanager
def _process(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its children, all of which end together, and with this one however it ends."""
    with log.open("wb") as out:
        process = launch([str(BIN / command[0]), *command[1:]], environment, out)
    try:
        yield process
    finally:
        # Flower starts what it starts in groups of their own, and leaves them behind when it is slow to end.
        descendants = family(process.pid) if process.poll() is None else []
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in descendants:
            for end in (os.killpg, os.kill):
                with suppress(ProcessLookupError):
                    end(pid, signal.SIGKILL)
