"""Which rows every institution trains on in every step when all train together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcare.plan import LocalTraining
from fedcare.training.batches import edges, shuffler


@dataclass(frozen=True)
class Steps:
    """The steps of a round for a stack of institutions, the one with the most steps first.

    ``order``: the caller's place of each institution in the stack. ``rows``: int64 ``(steps, institutions, width)``,
    rows in the institutions' joint table. ``lengths``: int64 ``(steps, institutions)``, how many of them count; 0 once
    an institution has finished. ``active``: how many institutions, from the top of the stack, still train at a step.
    ``widths``: how many rows the longest batch of a step has.
    """

    order: list[int]
    rows: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    active: list[int]
    widths: list[int]

    def row_weights(self) -> npt.NDArray[np.float32]:
        """One over the batch's rows for a row that counts, else 0: ``(steps, institutions, width)``."""
        places = np.arange(self.rows.shape[2])
        counts = places < self.lengths[:, :, None]
        return (counts / np.maximum(self.lengths, 1)[:, :, None]).astype(np.float32)


def plan_steps(sizes: Sequence[int], local: LocalTraining, seeds: Sequence[int]) -> Steps:
    """The same batches in the same order as each institution would take by itself.

    ``sizes`` are the institutions' rows, ``seeds`` theirs for this round. The joint table holds the institutions' rows
    one after the other in the caller's order.
    """
    cuts = [edges(size, local) for size in sizes]
    steps = [len(cut) * local.epochs for cut in cuts]
    order = sorted(range(len(sizes)), key=lambda k: -steps[k])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    width = max(stop - start for cut in cuts for start, stop in cut)
    rows = np.zeros((max(steps), len(sizes), width), dtype=np.int64)
    lengths = np.zeros((max(steps), len(sizes)), dtype=np.int64)
    for place, k in enumerate(order):
        rows[: steps[k], place] = offsets[k]  # A row of its own stands where a short batch has none.
        _lay(rows[: steps[k], place], sizes[k], cuts[k], local.epochs, seeds[k])
        lengths[: steps[k], place] = [stop - start for start, stop in cuts[k]] * local.epochs
    active = np.count_nonzero(lengths, axis=1)
    return Steps(order, rows, lengths, active.tolist(), lengths.max(axis=1).tolist())


def _lay(into: npt.NDArray[np.int64], size: int, cut: list[tuple[int, int]], epochs: int, seed: int) -> None:
    """Add an institution's shuffled rows to ``into``, ``(steps, width)``."""
    random = shuffler(seed)
    shuffled = np.stack([random.permutation(size) for _ in range(epochs)])
    by_epoch = into.reshape(epochs, len(cut), -1)
    last, end = cut[-1]
    if last:
        full = cut[0][1]
        by_epoch[:, :-1, :full] += shuffled[:, :last].reshape(epochs, -1, full)
    by_epoch[:, -1, : end - last] += shuffled[:, last:]
