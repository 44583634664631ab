"""The order in which rows are trained on: one rule for every engine, so that all of them take the same steps."""

from __future__ import annotations

import numpy as np

from fedcare.plan import LocalTraining, derive_seed


def shuffler(seed: int) -> np.random.Generator:
    """The source of the epochs' orders: ``permutation(rows)`` once for each epoch."""
    return np.random.Generator(np.random.PCG64(derive_seed(seed, "batches")))


def edges(rows: int, local: LocalTraining) -> list[tuple[int, int]]:
    """Where the batches of an epoch begin and end, as ``(start, stop)`` within the epoch's order.

    All batches have ``local.batch_size`` rows but the last, which has the rest. A rest of a single row joins the batch
    before it: batch norm has no variance of one row. ``full_batch`` makes all rows one batch.
    """
    size = rows if local.full_batch else local.batch_size
    starts = list(range(0, rows, max(size, 1)))
    if size > 1 and len(starts) > 1 and rows - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], rows], strict=True))
