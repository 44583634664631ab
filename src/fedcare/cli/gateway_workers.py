"""Several processes that answer on one socket: whichever ends is replaced, until the gateway is stopped."""

from __future__ import annotations

import multiprocessing
import socket
import time
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING

from fedcare.cli.output import screen

if TYPE_CHECKING:
    import uvicorn

# Spawned, not forked: no connection and no lock of this process may be shared.
_CONTEXT = multiprocessing.get_context("spawn")

QUICK_SECONDS, PAUSE_SECONDS = 30, 1
"""A worker that ends so soon probably cannot reach the database: the next one waits a little."""


def keep_workers(config: uvicorn.Config, listener: socket.socket, count: int) -> None:
    """Run ``count`` workers until an exception, such as that of a signal; then stop them, each with its grace."""
    workers: dict[SpawnProcess, float] = {}
    try:
        while True:
            for _ in range(count - len(workers)):
                worker = _CONTEXT.Process(target=_answer, args=(config, listener))
                worker.start()
                workers[worker] = time.monotonic()
            wait([worker.sentinel for worker in workers])
            for worker in [worker for worker in workers if not worker.is_alive()]:
                screen.print(f"A worker ended ({worker.exitcode}); another takes its place.", highlight=False)
                if time.monotonic() - workers.pop(worker) < QUICK_SECONDS:
                    time.sleep(PAUSE_SECONDS)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _answer(config: uvicorn.Config, listener: socket.socket) -> None:
    import uvicorn

    uvicorn.Server(config).run(sockets=[listener])
