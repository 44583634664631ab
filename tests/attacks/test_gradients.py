"""Rows' gradients are what autograd says, and their products what writing them out gives."""

from math import inf

import numpy as np
import pytest
import torch
from torch.nn import functional

from fedcare.attacks import gradients
from fedcare.attacks.gradients import row_gradients, written_out
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec, ResNetSpec
from fedcare.plan import LocalTraining
from fedcare.privacy.clipped_sums import clipped_sums
from fedcare.training.dataset import Dataset
from fedcare.training.losses import make_loss, row_losses


def rows_of(kind: str) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(6, 5, generator=generator)
    targets = torch.randn(6, generator=generator) if kind == "number" else torch.tensor([0, 1, 2, 0, 1, 2])
    return build(MLPSpec(hidden=(8, 4)), 5, 1 if kind == "number" else 3, seed=1), inputs, targets


def one_by_one(model, inputs, targets, local, clip) -> torch.Tensor:
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
    whole = one_by_one(model, inputs, targets, local, clip)
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
        found.along(step), one_by_one(model, inputs, targets, local, inf) @ flat, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("clip", [inf, 0.5])
def test_gradients_of_images_are_written_out_as_autograd_and_the_training_have_them(clip, monkeypatch):
    monkeypatch.setattr(gradients, "AT_ONCE", 4)  # Six rows in two parts.
    pixels = torch.randint(0, 256, (6, 1, 28, 28), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    data = Dataset(pixels, torch.tensor([0, 1, 0, 1, 1, 0]), mean=0.5, scale=0.25)
    model, local = build(ResNetSpec(norm="group", width=4), 1, 2, seed=1), LocalTraining()
    found = written_out(model, list(model.parameters()), data, local, clip)
    assert found.stride == 1
    rows = [clipped_sums(model, row_losses(data, local), *data.batch(np.array([k])), clip) for k in range(6)]
    whole = torch.stack([found.kept(row) for row in rows])
    products = whole @ whole.T
    rounding = 1e-3 * float(products.diagonal().max())
    assert torch.allclose(found.products(), products, rtol=1e-3, atol=rounding)
    assert torch.allclose(found.along(rows[2]), products[2], rtol=1e-3, atol=rounding)


def test_of_a_large_model_every_so_many_numbers_are_kept(monkeypatch):
    monkeypatch.setattr(gradients, "MOST_NUMBERS", 50)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 4))
    data = Dataset(torch.zeros(3, 1, 6, 6, dtype=torch.uint8), torch.tensor([0, 1, 2]), mean=0.5, scale=0.25)
    found = written_out(model, list(model.parameters()), data, LocalTraining())
    assert (found.stride, found.rows.shape) == (3, (3, 50))
    assert len(found.kept(list(model.parameters()))) == 50
