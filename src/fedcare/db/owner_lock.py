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


class GuestLease:
    """What a guest in the middle of something holds, so that an owner who ends waits for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _locks.add(self)

    def take(self) -> None:
        """Hold it, beside any number of others; does nothing when held."""
        if self._descriptor is None:
            self._descriptor = self._open()
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go; does nothing when not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def held_by_others(self) -> bool:
        """Whether any guest holds one; not for a guest that does."""
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


_locks: WeakSet[OwnerLock | GuestLease] = WeakSet()


def _forget() -> None:
    # A forked child shares the lock: while it lived, nobody could follow an owner that was killed.
    for lock in _locks:
        lock.release()


os.register_at_fork(after_in_child=_forget)
