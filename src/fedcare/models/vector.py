"""A model's weights as one flat float32 vector, learned parameters first, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from fedcare.update import Entry, Manifest, Vector


def manifest_of(model: nn.Module) -> Manifest:
    """Names and shapes of what travels: parameters that gradients move, then floating buffers.

    Batch norm's count of batches is left out: it is not a float, and with a fixed momentum nothing reads it. So are
    buffers that are not persistent: they follow from the model's declaration.
    """
    learned = [Entry(name, tuple(tensor.shape), True) for name, tensor in model.named_parameters()]
    buffers = [Entry(name, tuple(tensor.shape), False) for name, tensor in _float_buffers(model)]
    return Manifest((*learned, *buffers))


@torch.no_grad()
def vector_of(model: nn.Module) -> Vector:
    """A copy of the model's weights in the manifest's order, shape ``(parameters,)``."""
    manifest = manifest_of(model)
    arrays = [tensor.cpu().numpy() for tensor in _tensors(model)]
    # numpy's memory comes in large pages, torch's does not; filling it costs half the time.
    return manifest.pack({entry.name: array for entry, array in zip(manifest.entries, arrays, strict=True)})


@torch.no_grad()
def load_vector(model: nn.Module, vector: Vector) -> None:
    """Copy ``vector`` into the model; raises BadUpdate when its length is not the model's."""
    arrays = manifest_of(model).unpack(np.asarray(vector, dtype=np.float32))
    for tensor, array in zip(_tensors(model), arrays.values(), strict=True):
        if tensor.device.type == "cpu":
            np.copyto(tensor.numpy(), array)
        else:
            tensor.copy_(torch.from_numpy(array.copy()))


def _float_buffers(model: nn.Module) -> list[tuple[str, Tensor]]:
    kept = model.state_dict()
    return [(name, tensor) for name, tensor in model.named_buffers() if name in kept and tensor.is_floating_point()]


def _tensors(model: nn.Module) -> list[Tensor]:
    parameters = [parameter.detach() for parameter in model.parameters()]
    return parameters + [tensor for _, tensor in _float_buffers(model)]
