"""From a model's declaration to the model."""

from __future__ import annotations

import torch
from torch import nn

from fedcare.models.layers import initialise
from fedcare.models.mlp import MLP
from fedcare.models.resnet import SmallResNet18
from fedcare.models.scattering import Scattering
from fedcare.models.spec import MLPSpec, ModelSpec, ScatteringSpec


def build(spec: ModelSpec, features: int, outputs: int, seed: int) -> nn.Module:
    """The declared model on the CPU, initialised from ``seed`` alone; the process's random state stays untouched.

    ``features`` is the width of a table's input and means nothing to images. ``outputs`` is 1 for a number and one
    logit per class for classes, binary ones included.
    """
    model: nn.Module
    if isinstance(spec, MLPSpec):
        model = MLP(mlp_widths(spec, features, outputs), spec.dropout)
    elif isinstance(spec, ScatteringSpec):
        model = Scattering(outputs, spec)
    else:
        model = SmallResNet18(outputs, spec.norm, spec.width)
    initialise(model, torch.Generator().manual_seed(seed))
    return model


def mlp_widths(spec: MLPSpec, features: int, outputs: int) -> tuple[int, ...]:
    """Width of every layer, the input's first."""
    return (features, *spec.hidden, outputs)
