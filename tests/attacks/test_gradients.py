"""Rows' gradients are what autograd says, and their products what writing them out gives."""

from math import inf

import pytest
import torch
from torch.nn import functional

from fedcare.attacks.gradients import row_gradients
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec
from fedcare.plan import LocalTraining
from fedcare.training.dataset import Dataset
from fedcare.training.losses import make_loss


def rows_of(kind: str) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(6, 5, generator=generator)
    targets = torch.randn(6, generator=generator) if kind == "number" else torch.tensor([0, 1, 2, 0, 1, 2])
    return build(MLPSpec(hidden=(8, 4)), 5, 1 if kind == "number" else 3, seed=1), inputs, targets


def written_out(model, inputs, targets, local, clip) -> torch.Tensor:
    found = []
    for row, target in zip(inputs, targets, strict=True):
        data = Dataset(row[None], target[None])
        loss = make_loss(data, local)(model(data.inputs), data.targets)
        gradient = torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(model.parameters()))])
        found.append(gradient * min(1.0, clip / float(gradient.norm())))
    return torch.stack(found).double()


@pytest.mark.parametrize("clip", [inf, 0.5])
@pytest.mark.parametrize(
    ("kind", "local"),
    [
        ("class", LocalTraining(label_smoothing=0.1)),
        ("number", LocalTraining()),
        ("number", LocalTraining(loss="huber")),
    ],
)
def test_products_are_those_of_gradients_that_are_written_out(kind, local, clip):
    model, inputs, targets = rows_of(kind)
    whole = written_out(model, inputs, targets, local, clip)
    found = row_gradients(list(model.parameters()), inputs, targets, local, clip)
    assert torch.allclose(found.products(), whole @ whole.T, rtol=1e-4, atol=1e-6)


def test_products_with_a_step_are_those_of_its_flat_vector():
    model, inputs, targets = rows_of("class")
    local = LocalTraining()
    model.zero_grad()
    functional.cross_entropy(model(inputs), targets).backward()
    step = [parameter.grad for parameter in model.parameters()]
    flat = torch.cat([part.flatten() for part in step]).double()
    found = row_gradients(list(model.parameters()), inputs, targets, local)
    assert torch.allclose(
        found.along(step), written_out(model, inputs, targets, local, inf) @ flat, rtol=1e-4, atol=1e-6
    )
