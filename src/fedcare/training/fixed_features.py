"""Features that a model computes and never learns: computed once of an institution's rows, not in every step."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from fedcare.models.scattering import Scattering
from fedcare.training.dataset import Dataset

# Images that go through the wavelets at once.
AT_ONCE = 128


@torch.no_grad()
def with_fixed_features(model: nn.Module, dataset: Dataset) -> Dataset:
    """The same rows as features, float32 ``(rows, features)``, where ``model`` has fixed ones; else as they are."""
    if not isinstance(model, Scattering):
        return dataset
    starts = range(0, max(len(dataset), 1), AT_ONCE)
    parts = [model.features(dataset.window(start, min(start + AT_ONCE, len(dataset)))) for start in starts]
    return replace(dataset, inputs=torch.cat(parts))
