"""From a model and rows to the sums that leave an institution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from fedcare.data.schema import ImageSchema, Kind, TableSchema
from fedcare.training.dataset import Dataset, Preparation
from fedcare.training.metrics import Floats, sums_by_group
from fedcare.training.residuals import residuals_by_group

TABLE_ROWS = 8192
# Pixels in a batch: 334 images of 28 px, 64 of 64 px; it bounds the memory that activations take.
PIXELS = 2**18
FEWEST_IMAGES = 8


def evaluate(model: nn.Module, dataset: Dataset, kind: Kind, preprocessing: Preparation) -> Floats:
    """The additive sums of one institution's rows, float64 ``(metrics.size(kind, classes),)``; zeros for no rows."""
    sums: Floats = evaluate_together(model, [dataset], kind, preprocessing)[0]
    return sums


def evaluate_together(model: nn.Module, datasets: Sequence[Dataset], kind: Kind, preprocessing: Preparation) -> Floats:
    """The sums of every institution's rows through one model, ``(institutions, size)``.

    All rows of tables go through the model in one pass, and one count over all of them gives every institution's sums:
    with a hundred small institutions it is the work per institution that costs, not the rows.
    """
    groups = np.repeat(np.arange(len(datasets)), [len(dataset) for dataset in datasets])
    outputs = torch.cat([outputs_of(model, dataset) for dataset in _joined(datasets)])
    targets = torch.cat([dataset.targets for dataset in datasets])
    return sums_by_group(
        kind,
        outputs.cpu().numpy(),
        targets.cpu().numpy(),
        groups,
        len(datasets),
        preprocessing.target_mean,
        preprocessing.target_scale,
    )


def residuals(model: nn.Module, datasets: Sequence[Dataset], schema: TableSchema | ImageSchema) -> Floats:
    """How far every institution's rows were predicted off, counted: ``(institutions, residuals.size(schema))``."""
    groups = np.repeat(np.arange(len(datasets)), [len(dataset) for dataset in datasets])
    (rows,) = _joined(datasets)
    outputs, targets, inputs = (each.cpu().numpy() for each in (outputs_of(model, rows), rows.targets, rows.inputs))
    return residuals_by_group(schema, outputs, targets, inputs, groups, len(datasets))


def _joined(datasets: Sequence[Dataset]) -> Sequence[Dataset]:
    """Tables as one; images as they are, since a joint copy of them would cost memory and gain nothing."""
    first = datasets[0]
    if len(datasets) == 1 or first.is_images:
        return datasets
    inputs = torch.cat([dataset.inputs for dataset in datasets])
    targets = torch.cat([dataset.targets for dataset in datasets])
    return [Dataset(inputs, targets, first.mean, first.scale)]


@torch.no_grad()
def outputs_of(model: nn.Module, dataset: Dataset) -> Tensor:
    """The model's raw outputs for all rows, ``(rows, outputs)``, batch by batch."""
    model.eval()
    size = max(FEWEST_IMAGES, PIXELS // dataset.inputs[0:1].numel()) if _has_pixels(dataset) else TABLE_ROWS
    starts = range(0, max(len(dataset), 1), size)
    return torch.cat([model(dataset.window(start, min(start + size, len(dataset)))) for start in starts])


def _has_pixels(dataset: Dataset) -> bool:
    return dataset.is_images and len(dataset) > 0
