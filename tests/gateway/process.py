"""``fedcare gateway`` as a process of its own."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def running(database_url: str, home: Path, *options: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """The process on a free port, once it answers, and its address; ``process.said`` is what it wrote on stderr."""
    environment = os.environ | {"DATABASE_URL": database_url, "FEDCARE_HOME": str(home)}
    command = [sys.executable, "-m", "fedcare", "gateway", "--port", "0", *options]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    process.said = []
    try:
        threading.Thread(target=lambda: process.said.extend(iter(process.stderr.readline, "")), daemon=True).start()
        address = wait_for(lambda: re.search(r"FedCare is at (https?://\S+)", "".join(process.said)), process.said)[1]
        wait_for(lambda: answers(address), process.said)
        yield process, address
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def answers(address: str, seconds: float = 5) -> bool:
    """Whether anybody answers there within some time, with whatever certificate."""
    try:
        return httpx.get(f"{address}/api/health", timeout=seconds, verify=False).status_code == 200
    except httpx.TransportError:
        return False


def wait_for(find, said=(), seconds=120):
    """What ``find`` gives at last; ``said`` is shown where it never does."""
    until = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < until, said
        time.sleep(0.02)
    return found
