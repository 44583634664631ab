"""``python -m fedcare.federation.work``: the coordinator's worker, as its supervisor starts it."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import IO

from fedcare.errors import BadSetting, FedCareError
from fedcare.settings import settings


def main() -> int:
    """Work until told to stop; the exit code. Runs go on with the next worker where they were."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    for name in ("procrastinate", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    try:
        machine = settings()
        if machine.database_url is None:
            raise BadSetting(setting="DATABASE_URL", value=None, reason="`fedcare coordinator` names the database")
        with _alone(machine.home):
            from fedcare.federation.work.worker import Worker

            Worker(machine.database_url, machine.home).work(_say_ready)
    except FedCareError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    # The kernel ends the runner with us; its checkpoint is what counts.
    os._exit(0)


def _alone(home: Path) -> IO[bytes]:
    """Wait for a worker of this home that is still ending; the lock goes with the process."""
    folder = home / "runs-federation"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = (folder / "worker.lock").open("wb")
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def _say_ready() -> None:
    print("The worker takes runs from the queue.", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
