"""Which rows every institution trains on in every step when all train together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from fedcare.plan import LocalTraining
from fedcare.training.batches import edges, shuffler


class Steps:
    """The steps of a round for a stack of institutions, the one with the most steps first.

    ``order``: the caller's place of each institution in the stack. ``lengths``: int64 ``(steps, institutions)``, how
    many rows each takes in each step; 0 once it has finished. ``active``: how many institutions, from the top of the
    stack, still train at a step. ``widths``: how many rows the longest batch of a step has. All of it follows from the
    institutions' sizes and holds for every round; only ``rows`` is a round's own.
    """

    def __init__(self, sizes: Sequence[int], local: LocalTraining) -> None:
        """``sizes``: the institutions' rows, which lie one after the other in a joint table in this order."""
        cuts = [edges(size, local) for size in sizes]
        counts = [len(cut) * local.epochs for cut in cuts]
        self.order = sorted(range(len(sizes)), key=lambda k: -counts[k])
        self.lengths = np.zeros((max(counts), len(sizes)), dtype=np.int64)
        for place, k in enumerate(self.order):
            self.lengths[: counts[k], place] = [stop - start for start, stop in cuts[k]] * local.epochs
        self.active: list[int] = np.count_nonzero(self.lengths, axis=1).tolist()
        self.widths: list[int] = self.lengths.max(axis=1).tolist()
        self._epochs = local.epochs
        self._sizes = [sizes[k] for k in self.order]
        offsets = np.concatenate([[0], np.cumsum(sizes)])[self.order]
        self._starts = np.repeat(offsets, np.multiply(self._sizes, local.epochs))
        # A row of its own stands where an institution's batch is shorter than the longest.
        self._rows = np.broadcast_to(offsets[:, None, None], (len(sizes), max(counts), max(self.widths))).copy()
        self._counted = np.arange(max(self.widths)) < self.lengths.T[:, :, None]

    def row_weights(self) -> npt.NDArray[np.float32]:
        """One over the batch's rows for a row that counts, else 0: ``(steps, institutions, width)``."""
        lengths = np.maximum(self.lengths, 1)[:, :, None]
        return (self._counted.transpose(1, 0, 2) / lengths).astype(np.float32)

    def rows(self, seeds: Sequence[int]) -> npt.NDArray[np.int64]:
        """A round's rows in the joint table, int64 ``(steps, institutions, width)``.

        ``seeds`` are the institutions' for this round, in the caller's order. The batches and their order are those
        that each institution would take by itself. The array is the same one every time.
        """
        sources = [shuffler(seeds[k]) for k in self.order]
        shuffled = chain.from_iterable(
            (source.permutation(size) for _ in range(self._epochs))
            for source, size in zip(sources, self._sizes, strict=True)
        )
        self._rows[self._counted] = np.concatenate(list(shuffled)) + self._starts
        return self._rows.transpose(1, 0, 2)
