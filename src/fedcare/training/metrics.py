"""Additive sums that leave an institution, and the metrics that follow from them.

A pooled metric is computed from the sum of the institutions' vectors: never from an average of metrics, which would
reward predicting each institution's majority class, and never from rows. One vector per institution, float64:

- binary: count, cross-entropy, squared distance of probability and outcome, then the histograms of the negative and of
  the positive rows over the margin (the log odds), ``MARGIN_BINS`` each;
- multiclass: count, cross-entropy, squared distance of the probabilities and the one-hot outcome, the confusion matrix
  (actual by predicted), then for each class the histograms of the rows outside and inside it over the margin of that
  class against the rest;
- regression: count, squared error on the standardised target, then in the target's unit the sums of y, y squared,
  squared error and absolute error, then a grid of rows by standardised actual and predicted value.

Ties inside a bin count one half towards the AUC. Bins are narrow near a margin of zero and widen outwards, so that a
model that has hardly learned and one that is very sure are both resolved.
"""

from __future__ import annotations

from math import asinh, log

import numpy as np
import numpy.typing as npt

from fedcare.data.schema import Kind

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MARGIN_BINS = 2048
MARGIN_LIMIT = 64.0
MARGIN_CORE = 0.05  # Below this margin the bins have equal width; above it their width grows with the margin.
GRID_BINS = 40
GRID_LOW, GRID_HIGH = -3.0, 6.0  # In standard deviations of the target; values outside fall into the outer cells.
CURVE_POINTS = 200

_STRETCH = asinh(MARGIN_LIMIT / MARGIN_CORE)
_HALF = MARGIN_BINS // 2
# Edge k lies between bin k - 1 and bin k; edge _HALF is exactly zero, a probability of one half.
MARGIN_EDGES: Floats = MARGIN_CORE * np.sinh(np.linspace(-_STRETCH, _STRETCH, MARGIN_BINS + 1))
MARGIN_EDGES[_HALF] = 0.0


def size(kind: Kind, classes: int) -> int:
    """Length of the vector of sums; ``classes`` is 1 for regression and 2 for binary."""
    if kind == "regression":
        return 6 + GRID_BINS**2
    if kind == "binary":
        return 3 + 2 * MARGIN_BINS
    return 3 + classes**2 + 2 * classes * MARGIN_BINS


def sums_by_group(
    kind: Kind,
    outputs: npt.NDArray[np.floating],
    targets: npt.NDArray[np.generic],
    groups: Ints,
    count: int,
    target_mean: float = 0.0,
    target_scale: float = 1.0,
) -> Floats:
    """Sums of each institution, shape ``(count, size)``, of rows that know their institution.

    ``outputs`` is what the model gave, ``(rows, outputs)``; ``targets`` the standardised numbers or the classes,
    ``(rows,)``; ``groups`` each row's institution, 0 to below ``count``.
    """
    exact = np.asarray(outputs, dtype=np.float64)
    # A diverged model gives infinities; its sums come out as NaN, which is an answer, not a reason to warn.
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "regression":
            actual = np.asarray(targets, dtype=np.float64)
            return _regression_sums(exact[:, 0], actual, groups, count, target_mean, target_scale)
        return _class_sums(kind, exact, np.asarray(targets, dtype=np.int64), groups, count)


def _totals(groups: Ints, count: int, columns: list[Floats]) -> Floats:
    """Per group the number of rows and the sum of each column, shape ``(count, 1 + columns)``."""
    rows = np.bincount(groups, minlength=count).astype(np.float64)
    return np.stack([rows, *(np.bincount(groups, weights=column, minlength=count) for column in columns)], axis=1)


def _counts(groups: Ints, count: int, cells: Ints, cell_count: int) -> Floats:
    """Per group how many rows fell into each cell, shape ``(count, cell_count)``."""
    flat = np.bincount(groups * cell_count + cells, minlength=count * cell_count)
    counts: Floats = flat.reshape(count, cell_count).astype(np.float64)
    return counts


def _regression_sums(
    predicted: Floats, actual: Floats, groups: Ints, count: int, target_mean: float, target_scale: float
) -> Floats:
    error = predicted - actual
    value = actual * target_scale + target_mean
    squared = error * error
    columns = [squared, value, value * value, squared * target_scale**2, np.abs(error) * target_scale]
    cells = _grid_cell(actual) * GRID_BINS + _grid_cell(predicted)
    return np.concatenate([_totals(groups, count, columns), _counts(groups, count, cells, GRID_BINS**2)], axis=1)


def _grid_cell(standardised: Floats) -> Ints:
    inside = np.clip(np.nan_to_num(standardised), GRID_LOW, GRID_HIGH)
    place = np.floor((inside - GRID_LOW) * (GRID_BINS / (GRID_HIGH - GRID_LOW)))
    cell: Ints = np.minimum(place, GRID_BINS - 1).astype(np.int64)
    return cell


def _class_sums(kind: Kind, logits: Floats, targets: Ints, groups: Ints, count: int) -> Floats:
    rows, classes = logits.shape
    shifted = logits - logits.max(axis=1, keepdims=True) if rows else logits
    powers = np.exp(shifted)
    total = powers.sum(axis=1, keepdims=True)
    chosen = np.arange(rows), targets
    loss = np.log(total[:, 0]) - shifted[chosen]
    distance = powers / total
    distance[chosen] -= 1.0
    if kind == "binary":
        head = _totals(groups, count, [loss, distance[:, 1] ** 2])
        cells = targets * MARGIN_BINS + _margin_bin(logits[:, 1] - logits[:, 0])
        return np.concatenate([head, _counts(groups, count, cells, 2 * MARGIN_BINS)], axis=1)
    head = _totals(groups, count, [loss, (distance**2).sum(axis=1)])
    confusion = _counts(groups, count, targets * classes + logits.argmax(axis=1), classes**2)
    margins = _margins(shifted, powers)
    parts = [head, confusion]
    for k in range(classes):
        inside = (targets == k).astype(np.int64)
        cells = inside * MARGIN_BINS + _margin_bin(margins[:, k])
        parts.append(_counts(groups, count, cells, 2 * MARGIN_BINS))
    return np.concatenate(parts, axis=1)


def _margins(shifted: Floats, powers: Floats) -> Floats:
    """Log odds of each class against the rest, shape ``(rows, classes)``."""
    rest = np.stack([np.delete(powers, k, axis=1).sum(axis=1) for k in range(powers.shape[1])], axis=1)
    margins: Floats = shifted - np.log(np.maximum(rest, np.finfo(np.float64).tiny))
    return margins


def _margin_bin(margin: Floats) -> Ints:
    """Bin of each margin; a margin of exactly zero falls into the first bin of the positive half."""
    inside = np.clip(np.nan_to_num(margin), -MARGIN_LIMIT, MARGIN_LIMIT)
    place = np.floor(np.arcsinh(inside / MARGIN_CORE) * (_HALF / _STRETCH)) + _HALF
    cell: Ints = np.clip(place, 0, MARGIN_BINS - 1).astype(np.int64)
    return cell


# -- from sums to metrics ---------------------------------------------------------------------------------------------


def metrics(kind: Kind, classes: int, sums: Floats, threshold: float = 0.5) -> dict[str, float]:
    """The metrics of a vector of sums, or of a sum of such vectors.

    ``threshold`` is the probability from which a binary row counts as positive; it acts at the bin edge nearest to it.
    A metric that these rows do not define is left out: AUC of one class, R2 of a constant, everything of no rows.
    """
    count = float(sums[0])
    if count == 0:
        return {}
    if kind == "regression":
        return _regression_metrics(sums)
    found = {"loss": float(sums[1]) / count, "brier": float(sums[2]) / count}
    if kind == "binary":
        return found | _binary_metrics(*_binary_histograms(sums), edge_of(threshold))
    confusion = sums[3 : 3 + classes**2].reshape(classes, classes)
    found["accuracy"] = float(np.trace(confusion)) / count
    histograms = sums[3 + classes**2 :].reshape(classes, 2, MARGIN_BINS)
    areas = [area for outside, inside in histograms if (area := _auc(outside, inside)) is not None]
    return found | ({"auc": float(np.mean(areas))} if areas else {})


def bounded_loss(kind: Kind, classes: int, sums: Floats) -> float | None:
    """The mean log loss where a row on the wrong side of one half counts as one that is there: log 2, not more.

    So no row counts for much, however wrong its label. Of more than two classes it is that of each against the rest;
    None for numbers, and of no rows.
    """
    count = float(sums[0])
    if kind == "regression" or count == 0:
        return None
    if kind == "binary":
        histograms = np.stack(_binary_histograms(sums))[None]
    else:
        histograms = sums[3 + classes**2 :].reshape(classes, 2, MARGIN_BINS)
    middles = (MARGIN_EDGES[1:] + MARGIN_EDGES[:-1]) / 2
    outside, inside = (np.logaddexp(0.0, np.minimum(side * middles, 0.0)) for side in (1.0, -1.0))
    return float((histograms[:, 0] @ outside + histograms[:, 1] @ inside).sum()) / (count * len(histograms))


def _regression_metrics(sums: Floats) -> dict[str, float]:
    count, loss, total, squares, squared_error, absolute_error = (float(value) for value in sums[:6])
    found = {"loss": loss / count, "mse": squared_error / count, "mae": absolute_error / count}
    spread = squares - total * total / count
    # A constant target leaves nothing but rounding, some 1e-16 of the squares; dividing by that would mean nothing.
    if count > 1 and spread > 1e-12 * max(squares, 1e-300):
        found["r2"] = 1.0 - squared_error / spread
    return found


def _binary_histograms(sums: Floats) -> tuple[Floats, Floats]:
    negatives, positives = sums[3 : 3 + 2 * MARGIN_BINS].reshape(2, MARGIN_BINS)
    return negatives, positives


def _binary_metrics(negatives: Floats, positives: Floats, edge: int) -> dict[str, float]:
    n, p = float(negatives.sum()), float(positives.sum())
    true_negatives, true_positives = float(negatives[:edge].sum()), float(positives[edge:].sum())
    found = {"accuracy": (true_negatives + true_positives) / (n + p)}
    if p:
        found["sensitivity"] = true_positives / p
    if n:
        found["specificity"] = true_negatives / n
    area = _auc(negatives, positives)
    return found | ({} if area is None else {"auc": area})


def _auc(negatives: Floats, positives: Floats) -> float | None:
    """The chance that a positive row lies above a negative one; None where one of them is absent."""
    pairs = float(negatives.sum() * positives.sum())
    if pairs == 0:
        return None
    below = np.cumsum(negatives) - 0.5 * negatives
    return float(positives @ below) / pairs


def edge_of(threshold: float) -> int:
    """The edge nearest to a probability; 0 and 1 mean that every row, and that none, is positive."""
    if threshold <= 0.0:
        return 0
    if threshold >= 1.0:
        return MARGIN_BINS
    margin = log(threshold) - log(1.0 - threshold)
    return int(np.clip(round(asinh(margin / MARGIN_CORE) * _HALF / _STRETCH) + _HALF, 0, MARGIN_BINS))


def best_threshold(sums: Floats) -> float:
    """The probability that maximises sensitivity plus specificity (Youden, Cancer 1950), of binary sums.

    Among equally good cuts the one amid the stretch nearest to one half; one half where a class is absent.
    """
    negatives, positives = _binary_histograms(sums)
    n, p = float(negatives.sum()), float(positives.sum())
    if n == 0 or p == 0:
        return 0.5
    specificity = np.concatenate([[0.0], np.cumsum(negatives)]) / n
    sensitivity = 1.0 - np.concatenate([[0.0], np.cumsum(positives)]) / p
    gain = specificity + sensitivity
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    stretches = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    nearest = min(stretches, key=lambda edges: int(np.abs(edges - _HALF).min()))
    middle = (int(nearest[0]) + int(nearest[-1])) // 2
    return float(1.0 / (1.0 + np.exp(-MARGIN_EDGES[middle])))


# -- for the report ---------------------------------------------------------------------------------------------------


def curves(
    kind: Kind, classes: int, sums: Floats, target_mean: float = 0.0, target_scale: float = 1.0
) -> dict[str, object]:
    """What the report draws: ``roc`` (one curve for binary, one per class else) or ``predicted_vs_actual``.

    The latter has bin centres in the target's unit when its mean and scale are given, and ``counts`` by actual, then
    predicted value. A curve that needs an absent class is left out.
    """
    if kind == "regression":
        step = (GRID_HIGH - GRID_LOW) / GRID_BINS
        centres = (GRID_LOW + step * (np.arange(GRID_BINS) + 0.5)) * target_scale + target_mean
        counts = sums[6:].reshape(GRID_BINS, GRID_BINS).astype(np.int64).tolist()
        return {"predicted_vs_actual": {"actual": centres.tolist(), "predicted": centres.tolist(), "counts": counts}}
    if kind == "binary":
        curve = _roc(*_binary_histograms(sums))
        return {} if curve is None else {"roc": curve}
    histograms = sums[3 + classes**2 :].reshape(classes, 2, MARGIN_BINS)
    return {"roc_by_class": [_roc(outside, inside) for outside, inside in histograms]}


def _roc(negatives: Floats, positives: Floats) -> dict[str, list[float]] | None:
    """False and true positive rates from the strictest cut to the loosest, at most ``CURVE_POINTS`` of them."""
    n, p = float(negatives.sum()), float(positives.sum())
    if n == 0 or p == 0:
        return None
    false_rate = np.concatenate([[0.0], np.cumsum(negatives[::-1])]) / n
    true_rate = np.concatenate([[0.0], np.cumsum(positives[::-1])]) / p
    corners = np.flatnonzero(np.diff(false_rate, prepend=-1.0) + np.diff(true_rate, prepend=-1.0))
    if len(corners) > CURVE_POINTS:
        corners = corners[np.linspace(0, len(corners) - 1, CURVE_POINTS).round().astype(np.int64)]
    return {"fpr": false_rate[corners].tolist(), "tpr": true_rate[corners].tolist()}
