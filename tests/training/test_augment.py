"""What must hold for random changes to training images."""

import numpy as np
import pytest
import torch

from fedcare.training import augment as module
from fedcare.training.augment import augment


def source(seed=0):
    return np.random.default_rng(seed)


def picture(rows=64, side=28):
    """A bright bar left of the middle, on a dark ground."""
    images = torch.zeros(rows, 1, side, side)
    images[:, :, side // 4 : -side // 4, side // 4 : side // 3] = 1.0
    return images


@pytest.mark.parametrize("kind", ["flip", "standard"])
def test_changes_follow_the_generator_alone(kind):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = augment(picture(), kind, source())
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert torch.equal(first, augment(picture(), kind, source()))
    assert not torch.equal(first, augment(picture(), kind, source(1)))


def test_none_changes_nothing():
    images = picture()
    assert augment(images, "none", source()) is images


def test_flip_mirrors_about_half_and_changes_nothing_else():
    images = torch.randn(400, 1, 28, 28)
    changed = augment(images, "flip", source())
    same = torch.tensor([torch.equal(a, b) for a, b in zip(changed, images, strict=True)])
    mirrored = torch.tensor([torch.equal(a, b) for a, b in zip(changed, images.flip(3), strict=True)])
    assert torch.all(same ^ mirrored)
    assert 140 < mirrored.sum() < 260


def test_standard_leaves_its_input_and_its_shape_alone():
    images = picture()
    kept = images.clone()
    changed = augment(images, "standard", source())
    assert torch.equal(images, kept)
    assert changed.shape == images.shape
    assert torch.isfinite(changed).all()


def test_standard_moves_what_it_shows_by_a_tenth_at_most(monkeypatch):
    monkeypatch.setattr(module, "TURN", 0.0)
    monkeypatch.setattr(module, "ZOOM", 0.0)
    changed = augment(picture(300, 40), "standard", source())[:, 0]
    bright = changed - changed.amin((1, 2), keepdim=True)
    rows = (bright.sum(2) * torch.arange(40)).sum(1) / bright.sum((1, 2))
    moved = (rows - 19.5).abs()
    assert moved.max() < 0.1 * 40 + 0.5
    assert moved.max() > 2.5


def test_a_turn_alone_keeps_distances():
    images = torch.zeros(1, 1, 61, 61)
    images[0, 0, 30, 50] = 1.0
    angle = np.array([[1.0, 0.0, 0.0, 0.0]])
    turned = module._move(images, module._affine(angle, 1.0))[0, 0]
    row, column = np.unravel_index(int(turned.argmax()), (61, 61))
    assert np.hypot(row - 30, column - 30) == pytest.approx(20, abs=1)
    assert abs(np.rad2deg(np.arctan2(row - 30, column - 30))) == pytest.approx(10, abs=2)


def test_without_draws_nothing_moves():
    images = torch.randn(3, 1, 28, 28)
    still = module._move(images, module._affine(np.zeros((3, 4)), 1.0))
    torch.testing.assert_close(still, images, atol=1e-4, rtol=1e-4)
