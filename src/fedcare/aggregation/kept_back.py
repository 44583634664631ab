"""What compression kept back, by round, so that a round that is asked again is answered with the same bytes."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from fedcare.aggregation.checkpoint import replace_file
from fedcare.update import Vector

# A coordinator that was killed in a round asks for it again, or for the one before if its checkpoint was under way.
MOST = 3


class KeptBack:
    """The last three rounds' rests, in memory, or in files of a folder that a later process goes on with.

    Without the disk's confirmation, as checkpoints are: after a power cut the newest may be missing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._rests: dict[int, Vector] = {}

    def before(self, round_number: int) -> Vector | None:
        """What was kept back when this round began; None at the beginning, or where it is lost."""
        for number in sorted(self._numbers(), reverse=True):
            if number < round_number and (rest := self._read(number)) is not None:
                return rest
        return None

    def keep(self, round_number: int, rest: Vector) -> None:
        """Keep what is left after a round. Raises StorageFull."""
        self._rests[round_number] = rest
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._path(round_number), lambda beside: _write(beside, rest), sync=False)
            self._rests = {round_number: rest}
        for number in sorted(self._numbers())[:-MOST]:
            self._rests.pop(number, None)
            if self._folder is not None:
                self._path(number).unlink(missing_ok=True)

    def _numbers(self) -> set[int]:
        stored = self._folder.glob("*.npy") if self._folder is not None and self._folder.is_dir() else ()
        return {*self._rests, *(int(path.stem) for path in stored if path.stem.isdigit())}

    def _read(self, number: int) -> Vector | None:
        if number in self._rests:
            return self._rests[number]
        with contextlib.suppress(OSError, ValueError, EOFError):
            rest: Vector = np.load(self._path(number), allow_pickle=False)
            return rest
        return None

    def _path(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{number}.npy"


def _write(path: Path, rest: Vector) -> None:
    with path.open("wb") as file:
        np.save(file, rest, allow_pickle=False)
