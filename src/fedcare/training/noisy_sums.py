"""An evaluation under differential privacy: few sums, bounded for each row, with one dose of noise; and what they tell.

What an evaluation usually sends has thousands of cells, in which noise would drown every row. Here classes are told by
a histogram of few cells for each class, and numbers by five sums in which every row counts at most 1. A row more adds
to one cell of a binary histogram, to one of the confusion matrix and one cell of each class's histograms, or to all
five sums of a number: a change of Euclidean norm ``share`` at most, which the Gaussian noise is scaled by. Loss and
Brier score follow from the histogram, as if every row lay in the middle of its cell.

Errors are clipped at half the target's usual range, so that the error of a model that is far off is told too small.
"""

from __future__ import annotations

from itertools import pairwise
from math import log, sqrt

import numpy as np
from torch import nn

from fedcare.data.schema import Kind
from fedcare.privacy.noise import Chance
from fedcare.training.dataset import Dataset, Preparation
from fedcare.training.evaluation import evaluate, outputs_of
from fedcare.training.metrics import GRID_BINS, MARGIN_BINS, Floats, edge_of

# Probabilities between the cells of a histogram.
EDGES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
CELLS = len(EDGES) + 1
# In which cell of the fine histogram, and at which margin, the rows of a coarse one are taken to lie.
_STARTS = [0, *(edge_of(edge) for edge in EDGES)]
_MARGINS = [log(edge / (1.0 - edge)) for edge in EDGES]
_MIDDLES = np.array(
    [
        _MARGINS[0] - 1.0,
        *((low + high) / 2.0 for low, high in pairwise(_MARGINS)),
        _MARGINS[-1] + 1.0,
    ]
)
_PLACES = [edge_of(1.0 / (1.0 + np.exp(-margin))) for margin in _MIDDLES]
# Of a number: greatest error and greatest distance of the target from its middle, in quarters of its usual range.
MOST_ERROR, MOST_VALUE = 2.0, 3.0
NUMBERS = 5


def size(kind: Kind, classes: int) -> int:
    """Length of what an institution releases; ``classes`` is 2 for binary."""
    if kind == "regression":
        return NUMBERS
    return 2 * CELLS if kind == "binary" else classes**2 + 2 * classes * CELLS


def share(kind: Kind, classes: int) -> float:
    """The greatest Euclidean norm by which one row changes the sums."""
    if kind == "regression":
        return sqrt(NUMBERS)
    return 1.0 if kind == "binary" else sqrt(1.0 + classes)


# -- at the institution -----------------------------------------------------------------------------------------------


def bounded(model: nn.Module, dataset: Dataset, kind: Kind, classes: int, preprocessing: Preparation) -> Floats:
    """The sums of an institution's rows without noise, which must not leave it; shape ``(size(kind, classes),)``."""
    if kind == "regression":
        return _number_sums(model, dataset)
    fine = evaluate(model, dataset, kind, preprocessing)[3:]
    head = classes**2 if kind == "multiclass" else 0
    histograms = np.add.reduceat(fine[head:].reshape(-1, MARGIN_BINS), _STARTS, axis=1)
    return np.concatenate([fine[:head], histograms.reshape(-1)])


def released(sums: Floats, kind: Kind, classes: int, noise: float, chance: Chance) -> Floats:
    """Bounded sums with their noise; ``noise``: its deviation as a multiple of ``share``."""
    return sums + chance.gaussian(sums.shape, noise * share(kind, classes))


def _number_sums(model: nn.Module, dataset: Dataset) -> Floats:
    """Rows, squared and absolute errors, targets and squared targets, every entry of a row at most 1 in size."""
    targets = dataset.targets.cpu().numpy().astype(np.float64)
    outputs = outputs_of(model, dataset).cpu().numpy().astype(np.float64)[:, 0]
    error = np.minimum(np.abs(np.nan_to_num(outputs - targets, nan=MOST_ERROR)), MOST_ERROR) / MOST_ERROR
    value = np.clip(targets, -MOST_VALUE, MOST_VALUE) / MOST_VALUE
    sums: Floats = np.stack([np.ones_like(error), error**2, error, value, value**2]).sum(axis=1)
    return sums


# -- at the coordinator -----------------------------------------------------------------------------------------------


def drawable(kind: Kind, noisy: Floats) -> Floats:
    """Noisy sums without counts below zero: for curves and thresholds. What is added up must keep them, as to raise
    the low ones alone would shift every figure.
    """
    return noisy if kind == "regression" else np.maximum(noisy, 0.0)


def expanded(kind: Kind, classes: int, noisy: Floats, target_mean: float, target_scale: float) -> Floats:
    """Noisy sums in the form that ``metrics`` reads."""
    if kind == "regression":
        return _numbers(noisy, target_mean, target_scale)
    head = classes**2 if kind == "multiclass" else 0
    cells = noisy[head:].reshape(-1, 2, CELLS)
    fine = np.zeros((len(cells), 2, MARGIN_BINS))
    fine[:, :, _PLACES] = cells
    confusion = noisy[:head]
    count = confusion.sum() if head else cells.sum()
    loss, brier = _loss_and_brier(cells)
    return np.concatenate([[count, loss, brier], confusion, fine.reshape(-1)])


def _loss_and_brier(cells: Floats) -> tuple[float, float]:
    """Of the rows inside and outside each class; of several classes the sum over one against the rest."""
    chance = 1.0 / (1.0 + np.exp(-_MIDDLES))
    outside, inside = cells[:, 0].sum(axis=0), cells[:, 1].sum(axis=0)
    loss = -(inside @ np.log(chance) + outside @ np.log(1.0 - chance))
    return float(loss), float(inside @ (1.0 - chance) ** 2 + outside @ chance**2)


def _numbers(noisy: Floats, mean: float, scale: float) -> Floats:
    count = max(float(noisy[0]), 1.0)
    squared, absolute = (max(float(value), 0.0) for value in noisy[1:3])
    squared, absolute = squared * MOST_ERROR**2, absolute * MOST_ERROR
    total, squares = float(noisy[3]) * MOST_VALUE, max(float(noisy[4]), 0.0) * MOST_VALUE**2
    in_unit = [
        total * scale + count * mean,
        squares * scale**2 + 2.0 * mean * scale * total + count * mean**2,
        squared * scale**2,
        absolute * scale,
    ]
    return np.concatenate([[count, squared], in_unit, np.zeros(GRID_BINS**2)])
