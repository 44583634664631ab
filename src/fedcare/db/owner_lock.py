"""Who owns an embedded server: the process that holds the folder's lock, and where the others find the server."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakSet


@dataclass(frozen=True)
class State:
    """What the owner tells the others: its pid, the server's port, and whether the server takes connections."""

    owner: int = 0
    port: int = 0
    ready: bool = False


class OwnerLock:
    """An flock on one file, which the kernel lets go of however its holder ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _locks.add(self)

    def acquire(self) -> bool:
        """Take the lock if it is free; never waits. The state says at once that no server is ready."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self.publish(self.read().port, ready=False)
        return True

    def publish(self, port: int, ready: bool) -> None:
        """Tell the others; only for the holder."""
        assert self._descriptor is not None
        text = json.dumps({"owner": os.getpid(), "port": port, "ready": ready})
        # One write of always the same length: readers see the old state or the new one.
        os.pwrite(self._descriptor, text.ljust(80).encode(), 0)

    def read(self) -> State:
        """The state last published; an empty one if there is none or it is being written."""
        try:
            return State(**json.loads(self._path.read_text()))
        except (OSError, ValueError, TypeError):
            return State()

    def release(self) -> None:
        """Let go; does nothing when not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @property
    def held(self) -> bool:
        """Whether we are the owner."""
        return self._descriptor is not None


_locks: WeakSet[OwnerLock] = WeakSet()


def _forget() -> None:
    # A forked child shares the lock: while it lived, nobody could follow an owner that was killed.
    for lock in _locks:
        lock.release()


os.register_at_fork(after_in_child=_forget)
