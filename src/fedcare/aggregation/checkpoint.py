"""One file a run can go on from: written after every round, replaced in one step, never half there."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fedcare.aggregation.exchange import RoundRecord
from fedcare.aggregation.strategy import State
from fedcare.errors import StorageFull, UnreadableFile
from fedcare.update import Vector

FILE = "checkpoint.safetensors"
# A newer one that the disk has not confirmed: whole after a kill, but who knows what after a power cut.
UNCONFIRMED = "checkpoint-unconfirmed.safetensors"
SYNC_SECONDS = 1.0


@dataclass
class RunState:
    """Everything a run knows after a round; a run that starts from it ends in the same bits.

    No random state is kept because none exists: every draw comes from ``derive_seed(seed, round, ...)``.
    ``vector``: global weights. ``recent``: the last weights when the plan averages several, oldest first.
    ``best``: the weights of the best round so far. ``announced``: training rows of each institution in round 0.
    ``start``: how the initial weights were judged, before any training.
    """

    vector: Vector
    best: Vector
    preprocessing: dict[str, Any]
    announced: dict[str, int]
    start: RoundRecord
    round: int = 0
    best_round: int = 0
    recent: list[Vector] = field(default_factory=list)
    strategy: State = field(default_factory=dict)
    history: list[RoundRecord] = field(default_factory=list)

    @property
    def candidate(self) -> Vector:
        """What the last round came to: its weights, or the mean over ``recent``."""
        if not self.recent:
            return self.vector
        mean: Vector = np.asarray(np.mean(self.recent, axis=0, dtype=np.float64), dtype=np.float32)
        return mean


def save(folder: Path, state: RunState, told: list[str] | None = None, sync: bool = True) -> None:
    """Replace the folder's checkpoint; raises StorageFull and keeps the former one when the disk refuses.

    Without ``sync`` the confirmed checkpoint stays, and the new one lies beside it until the disk confirms one again.
    ``told`` holds the history's JSON so far, one text a round, and gets what is missing: with many institutions and
    rounds, to write out all of it anew each time would cost more than training.
    """
    told = [] if told is None else told
    told += [json.dumps(vars(record)) for record in state.history[len(told) :]]
    arrays = {"vector": state.vector}
    if state.best is not state.vector:
        arrays["best"] = state.best
    arrays |= {f"recent.{place}": vector for place, vector in enumerate(state.recent[:-1])}
    arrays |= {f"strategy.{name}": np.ascontiguousarray(array) for name, array in state.strategy.items()}
    notes = {
        "round": state.round,
        "best_round": state.best_round,
        "recent": len(state.recent),
        "announced": state.announced,
        "start": asdict(state.start),
        "preprocessing": state.preprocessing,
        "boot": _boot(),
    }
    metadata = {"run": json.dumps(notes), "history": f"[{','.join(told)}]"}
    replace_file(
        folder / (FILE if sync else UNCONFIRMED), lambda path: save_file(arrays, path, metadata=metadata), sync
    )
    if sync:
        (folder / UNCONFIRMED).unlink(missing_ok=True)


def load(folder: Path) -> RunState | None:
    """The folder's checkpoint, or None where there is none; raises UnreadableFile for a damaged one."""
    for left_by_a_kill in folder.glob(".checkpoint*"):
        left_by_a_kill.unlink(missing_ok=True)
    found = [path for name in (FILE, UNCONFIRMED) if (path := folder / name).exists()]
    states = [state for path in found if (state := _read(path)) is not None]
    return max(states, key=lambda state: state.round, default=None)


def round_of(folder: Path) -> int:
    """The last round that a folder's checkpoint holds, 0 without one; weights are not read."""
    rounds = [0]
    for name in (FILE, UNCONFIRMED):
        readable = contextlib.suppress(SafetensorError, OSError, KeyError, ValueError)
        with readable, safe_open(folder / name, framework="numpy") as file:
            rounds.append(int(json.loads((file.metadata() or {})["run"])["round"]))
    return max(rounds)


def _read(path: Path) -> RunState | None:
    """A checkpoint; None for one that was not confirmed before the machine went down."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            notes, history = json.loads(metadata["run"]), json.loads(metadata["history"])
            if path.name == UNCONFIRMED and notes["boot"] != _boot():
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        if path.name == UNCONFIRMED:
            return None
        raise UnreadableFile(path=path, reason="it is not a checkpoint of FedCare, or it is damaged") from error
    return _state(arrays, notes, history)


def _state(arrays: dict[str, Vector], notes: dict[str, Any], history: list[dict[str, Any]]) -> RunState:
    vector = arrays["vector"]
    older = [arrays[f"recent.{place}"] for place in range(notes["recent"] - 1)]
    return RunState(
        vector=vector,
        best=arrays.get("best", vector),
        preprocessing=notes["preprocessing"],
        announced=notes["announced"],
        start=RoundRecord(**notes["start"]),
        round=notes["round"],
        best_round=notes["best_round"],
        recent=[*older, vector] if notes["recent"] else [],
        strategy={name.removeprefix("strategy."): array for name, array in arrays.items() if name[:9] == "strategy."},
        history=[RoundRecord(**record) for record in history],
    )


@cache
def _boot() -> str | None:
    """What tells this run of the machine from the one after a power cut; None where it does not say."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return None


class CheckpointWriter:
    """Writes checkpoints beside the next round's training; at most one write is under way.

    A kill of the process loses at most the round that is being written, which the resumed run computes again to the
    same bits. A power cut may lose the last second: the disk is made to confirm once a second and at the end, since
    waiting for it after every round costs a small model more than its training.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._pending: Future[None] | None = None
        self._told: list[str] = []
        self._synced = 0.0

    def write(self, state: RunState) -> None:
        """Write ``state`` in the background; raises what the former write raised."""
        self.wait()
        snapshot = replace(state, recent=list(state.recent), history=list(state.history))
        self._pending = self._pool.submit(self._save, snapshot)

    def wait(self) -> None:
        """Until the last checkpoint is on the disk; raises StorageFull when it could not be put there."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """Finish the last write, have the disk confirm it, and end the thread."""
        try:
            self.wait()
            if (newest := self._folder / UNCONFIRMED).exists():
                _sync(newest)
                newest.replace(self._folder / FILE)
                _sync(self._folder)
        finally:
            self._pool.shutdown()

    def _save(self, state: RunState) -> None:
        due = _boot() is None or time.monotonic() - self._synced >= SYNC_SECONDS
        save(self._folder, state, self._told, sync=due)
        if due:
            self._synced = time.monotonic()


def replace_file(path: Path, write: Callable[[Path], object], sync: bool = True) -> None:
    """Let ``write`` fill a file beside ``path`` and put it in its place in one step; ``sync`` waits for the disk."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(beside)
        if sync:
            _sync(beside)
        beside.replace(path)
        if sync:
            _sync(path.parent)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        raise StorageFull(path=path, reason="the disk is full" if full else str(error)) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
