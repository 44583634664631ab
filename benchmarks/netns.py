"""Machines on one machine: network namespaces on a bridge, each with an address of its own. Needs root and iproute2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

NETWORK = "10.231.77"


def obstacle() -> str | None:
    """Why this machine cannot play several, None if it can."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    name = f"fc-try-{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
    if tried.returncode:
        return f"the kernel refuses network namespaces: {tried.stderr.strip()}"
    return None if Path("/dev/net/tun").exists() else "there is no /dev/net/tun for a bad line"


@dataclass
class Host:
    """One of the machines."""

    name: str
    address: str
    _line: subprocess.Popen[str] | None = field(default=None, repr=False)

    def command(self, words: Sequence[str]) -> list[str]:
        """The command line that runs there."""
        return ["ip", "netns", "exec", self.name, *words]

    def worsen(self, delay: float, loss: float) -> None:
        """Delay every packet by so many seconds on its way in or out, and lose this share of them; 1 cuts the line."""
        assert self._line is not None
        assert self._line.stdin is not None
        self._line.stdin.write(f"{delay} {loss}\n")
        self._line.stdin.flush()

    def received(self) -> int:
        """Bytes that came in so far."""
        return int(_ip("netns", "exec", self.name, "cat", f"/sys/class/net/{self.name}-h/statistics/rx_bytes"))


@contextmanager
def hosts(names: Sequence[str], bad: Sequence[str] = ()) -> Iterator[dict[str, Host]]:
    """Machines by name on one bridge; the cable of those in ``bad`` is a line that can be worsened."""
    prefix = f"fc{os.getpid() % 10000}"
    wire = f"{prefix}-wire"
    with ExitStack() as stack:
        _namespace(stack, wire)
        _ip("-n", wire, "link", "add", "bridge", "type", "bridge")
        _ip("-n", wire, "link", "set", "bridge", "up")
        found = {}
        for place, name in enumerate(names, start=1):
            host = Host(f"{prefix}-{place}", f"{NETWORK}.{place}")
            _namespace(stack, host.name)
            if name in bad:
                host._line = stack.enter_context(_line(f"{host.name}-w", f"{host.name}-h"))
                _ip("link", "set", f"{host.name}-w", "netns", wire)
                _ip("link", "set", f"{host.name}-h", "netns", host.name)
            else:
                _ip("-n", wire, "link", "add", f"{host.name}-w", "type", "veth", "peer", f"{host.name}-h")
                _ip("-n", wire, "link", "set", f"{host.name}-h", "netns", host.name)
            _ip("-n", wire, "link", "set", f"{host.name}-w", "master", "bridge", "up")
            _ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", f"{host.name}-h")
            for device in ("lo", f"{host.name}-h"):
                _ip("-n", host.name, "link", "set", device, "up")
            found[name] = host
        yield found


def _namespace(stack: ExitStack, name: str) -> None:
    _ip("netns", "add", name)
    stack.callback(_ip, "netns", "del", name)


@contextmanager
def _line(near: str, far: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.lossy_link", near, far]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise SystemExit("the bad line could not be made")
            yield process
        finally:
            process.terminate()


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
