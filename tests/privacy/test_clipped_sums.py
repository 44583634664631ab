"""Clipped sums against Opacus, which has a gradient of every record in memory."""

from __future__ import annotations

import pytest
import torch
from opacus import GradSampleModule
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fedcare.models.build import build
from fedcare.models.resnet import SmallResNet18
from fedcare.models.spec import MLPSpec, ResNetSpec, ScatteringSpec
from fedcare.privacy.clipped_sums import clipped_sums


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(outputs, targets, reduction="none")


def rows(*shape: int, outputs: int = 2, seed: int = 0) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=chance), torch.randint(outputs, shape[:1], generator=chance)


def one_by_one(model: nn.Module, inputs: Tensor, targets: Tensor, clip: float) -> tuple[list[Tensor], Tensor]:
    """The definition: each record's gradient alone, clipped, added up."""
    sums = [torch.zeros_like(parameter) for parameter in model.parameters()]
    norms = []
    for row in range(len(targets)):
        gradients = torch.autograd.grad(losses(model(inputs[row, None]), targets[row, None]).sum(), model.parameters())
        # In float64: a float32 sum of eleven million squares is off by a thousandth.
        norms.append(torch.cat([gradient.flatten().double() for gradient in gradients]).norm())
        factor = min(1.0, clip / (float(norms[-1]) + 1e-6))
        torch._foreach_add_(sums, gradients, alpha=factor)
    return sums, torch.stack(norms)


def opacus_sums(model: nn.Module, inputs: Tensor, targets: Tensor, clip: float) -> list[Tensor]:
    wrapped = GradSampleModule(model, loss_reduction="sum")
    losses(wrapped(inputs), targets).sum().backward()
    each = [parameter.grad_sample for parameter in wrapped.parameters()]
    norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in each]).norm(dim=0)
    factors = (clip / (norms + 1e-6)).clamp(max=1.0)
    sums = [torch.einsum("r,r...->...", factors, gradient) for gradient in each]
    wrapped.remove_hooks()
    return sums


def agree(found: list[Tensor], expected: list[Tensor], tolerance: float = 1e-5) -> None:
    scale = torch.cat([each.flatten() for each in expected]).abs().max()
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert (one - other).abs().max() <= tolerance * scale


@pytest.mark.parametrize("hidden", [(), (16,), (128, 64, 32)])
@pytest.mark.parametrize("clip", [0.1, 1.0, 1000.0])
@pytest.mark.filterwarnings("ignore:Full backward hook")
def test_a_perceptrons_clipped_sums_are_those_of_opacus(hidden: tuple[int, ...], clip: float) -> None:
    model = build(MLPSpec(hidden=hidden), 11, 2, seed=1)
    inputs, targets = rows(40, 11)
    agree(clipped_sums(model, losses, inputs * 3, targets, clip), opacus_sums(model, inputs * 3, targets, clip))


def test_a_resnets_clipped_sums_are_those_of_single_records() -> None:
    model = build(ResNetSpec(norm="group"), 1, 2, seed=2)
    inputs, targets = rows(3, 1, 28, 28)
    expected, norms = one_by_one(model, inputs, targets, clip=5.0)
    assert norms.min() > 5.0
    agree(clipped_sums(model, losses, inputs, targets, 5.0), expected)


def test_fixed_features_are_clipped_as_the_linear_layer_on_them() -> None:
    model = build(ScatteringSpec(octaves=1, orientations=2, places=3), 0, 2, seed=2)
    inputs, targets = rows(6, 1, 28, 28)
    expected, norms = one_by_one(model, inputs, targets, clip=0.6)
    assert norms.min() > 0.6
    agree(clipped_sums(model, losses, inputs, targets, 0.6), expected)
    agree(clipped_sums(model, losses, model.features(inputs), targets, 0.6), expected)


def test_one_record_changes_the_sums_by_the_clip_at_most() -> None:
    model = build(MLPSpec(), 11, 2, seed=3)
    inputs, targets = rows(30, 11)
    inputs[0] *= 1e4
    whole = clipped_sums(model, losses, inputs, targets, 0.5)
    without = clipped_sums(model, losses, inputs[1:], targets[1:], 0.5)
    moved = torch.cat([(one - other).flatten() for one, other in zip(whole, without, strict=True)])
    assert moved.norm() == pytest.approx(0.5, rel=1e-4)


def test_a_record_with_a_gradient_that_is_not_finite_counts_for_nothing() -> None:
    model = build(MLPSpec(), 11, 2, seed=4)
    inputs, targets = rows(6, 11)
    inputs[2] = float("nan")
    kept = torch.arange(6) != 2
    found = clipped_sums(model, losses, inputs, targets, 1.0)
    agree(found, clipped_sums(model, losses, inputs[kept], targets[kept], 1.0))


def test_no_records_make_sums_of_zero() -> None:
    model = build(MLPSpec(hidden=(4,)), 11, 2, seed=5)
    found = clipped_sums(model, losses, torch.zeros(0, 11), torch.zeros(0, dtype=torch.int64), 1.0)
    assert [each.abs().sum().item() for each in found] == [0.0] * 4


def test_batch_norm_is_refused() -> None:
    model = SmallResNet18(2, "batch")
    with pytest.raises(TypeError, match="BatchNorm2d"):
        clipped_sums(model, losses, *rows(2, 1, 28, 28), 1.0)


def test_a_layer_that_is_used_twice_is_refused() -> None:
    shared = nn.Linear(5, 5)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    with pytest.raises(TypeError, match="used twice"):
        clipped_sums(model, losses, *rows(2, 5), 1.0)
