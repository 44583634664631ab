"""Fixed features: what they are, and that they neither learn nor travel."""

import numpy as np
import pytest
import torch

from fedcare.models.build import build
from fedcare.models.scattering import averaged, averaging, wavelets
from fedcare.models.spec import ScatteringSpec
from fedcare.models.vector import manifest_of, vector_of

SMALL = ScatteringSpec(octaves=2, orientations=4, places=4)


def images(rows=3, side=28, seed=0):
    return torch.randn(rows, 1, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("octaves", "orientations", "channels"),
    [(0, 4, 1), (1, 4, 5), (2, 4, 1 + 8 + 16), (3, 6, 1 + 18 + 108), (2, 8, 81)],
)
def test_there_is_a_channel_for_the_image_each_wavelet_and_each_pair_of_falling_scale(octaves, orientations, channels):
    spec = ScatteringSpec(octaves=octaves, orientations=orientations, places=2)
    model = build(spec, 0, 2, seed=1)
    assert spec.channels == channels
    assert model.features(images()).shape == (3, channels * 4)
    assert manifest_of(model).size == manifest_of(model).learned_size == (channels * 4 + 1) * 2


def test_the_wavelets_see_waves_and_no_even_surface():
    real, imaginary = np.split(wavelets(6)[:, 0].astype(np.float64), 2)
    assert np.abs(real.sum((1, 2))).max() < 1e-6
    assert np.abs(imaginary.sum((1, 2))).max() < 1e-6
    assert np.hypot(np.linalg.norm(real, axis=(1, 2)), np.linalg.norm(imaginary, axis=(1, 2))).min() > 0.1


@pytest.mark.parametrize("side", [28, 29, 64, 100])
def test_features_of_any_image_are_no_longer_than_one_and_of_one_row_alone(side):
    model = build(SMALL, 0, 2, seed=1)
    whole = model.features(images(side=side))
    assert whole.norm(dim=1) == pytest.approx(1.0, abs=0.05)
    assert whole.norm(dim=1).max() <= 1.0 + 1e-5
    torch.testing.assert_close(model.features(images(side=side)[1:2]), whole[1:2], rtol=1e-4, atol=1e-6)


def test_an_even_image_has_features_and_no_infinite_slope():
    blank = torch.full((1, 1, 28, 28), 0.3, requires_grad=True)
    features = build(SMALL, 0, 2, seed=1).features(blank)
    features.sum().backward()
    assert torch.isfinite(features).all()
    assert torch.isfinite(blank.grad).all()


def test_brightness_and_contrast_of_the_whole_change_nothing():
    model, image = build(SMALL, 0, 2, seed=1), images()
    torch.testing.assert_close(model.features(3.0 * image + 5.0), model.features(image), rtol=1e-3, atol=1e-4)


def test_the_seed_is_of_the_linear_layer_alone():
    one, other = build(SMALL, 0, 2, seed=1), build(SMALL, 0, 2, seed=2)
    assert (vector_of(one) != vector_of(other)).any()
    assert torch.equal(one.features(images()), other.features(images()))


def test_features_computed_before_give_the_same_outputs():
    model = build(SMALL, 0, 3, seed=1)
    assert torch.equal(model(images()), model(model.features(images())))


def test_averaging_keeps_the_mean_whatever_the_sides():
    for before, after in [(28, 7), (64, 28), (13, 5), (7, 7)]:
        assert averaging(before, after).sum(1) == pytest.approx(1.0, rel=1e-6)
    pooled = averaged(images(side=28), 7)
    torch.testing.assert_close(pooled, torch.nn.functional.avg_pool2d(images(side=28), 4), rtol=1e-4, atol=1e-6)
