"""Records are read out of bare gradients, and not out of clipped and noisy ones."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from fedcare.attacks import inverted_images, inverted_rows
from fedcare.attacks.inverted_images import decibels, gradient_of, likeness, search
from fedcare.attacks.pictures import pictures
from fedcare.attacks.protection import protection_of
from fedcare.data.preprocessing import add_up, fit, statistics
from fedcare.federation.study import Study, design
from fedcare.models.layers import Linear, initialise
from fedcare.training.dataset import Dataset


def preprocessing(study: Study):
    return fit(study.task.records, add_up(statistics(study.task.records, each.train) for each in study.institutions))


def test_rows_are_read_from_the_gradients_of_small_batches_until_there_is_noise():
    study = design("breast-cancer", None, "iid:2", {}, 1)
    found = inverted_rows.attack(study, preprocessing(study), seed=3)
    assert (found.rows, found.batch) == (64, 4)
    assert found.plain > 0.8
    assert found.protected == 0.0


def test_the_row_of_a_batch_of_one_is_its_ratio_of_gradients():
    row, slopes = torch.tensor([[0.5, -2.0, 3.0]]).double(), torch.tensor([[0.3], [0.0]]).double()
    assert inverted_rows.recovered(slopes @ row, slopes[:, 0], row) == 1
    assert inverted_rows.recovered(slopes @ row + 1.0, slopes[:, 0], row) == 0


def test_a_private_plan_is_attacked_through_its_own_noise():
    given = {"privacy.dp.enabled": "true", "privacy.dp.noise_multiplier": "2.5", "privacy.dp.clip": "0.5"}
    private, plain = (design("breast-cancer", None, "iid:2", each, 1).plan for each in (given, {}))
    assert (protection_of(private).noise, protection_of(private).clip) == (2.5, 0.5)
    assert (protection_of(plain).noise, protection_of(plain).clip) == (1.1, 1.0)


@pytest.fixture
def image() -> tuple[torch.nn.Module, Dataset]:
    """A smooth picture and a model of two layers."""
    model = torch.nn.Sequential(torch.nn.Flatten(), Linear(144, 24), torch.nn.Tanh(), Linear(24, 2))
    initialise(model, torch.Generator().manual_seed(1))
    across = torch.linspace(0, 255, 12)
    pixels = ((across[:, None] + across[None]) / 2).round().to(torch.uint8)[None, None]
    return model, Dataset(pixels, torch.tensor([1]), mean=0.5, scale=0.25)


def test_an_image_is_found_from_its_gradient_and_not_from_a_noisy_one(image):
    model, data = image
    true, target = data.batch(np.array([0]))
    gradient = gradient_of(model, true, target)
    start = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 1, 12, 12)).astype(np.float32))
    noisy = [each + torch.randn(each.shape, generator=torch.Generator().manual_seed(2)) for each in gradient]
    plain, hidden = (search(model, seen, target, start, data, steps=120) for seen in (gradient, noisy))
    true, plain, hidden = ((each * data.scale + data.mean) for each in (true, plain, hidden))
    assert likeness(plain, true) > 0.9
    assert likeness(hidden, true) < 0.5
    assert decibels(plain, true) > decibels(hidden, true) + 10


def test_an_image_is_just_like_itself_and_unlike_noise():
    image = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    other = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(2))
    assert likeness(image, image) == pytest.approx(1.0)
    assert abs(likeness(image, other)) < 0.2


def test_pictures_show_originals_beside_what_was_found(monkeypatch):
    monkeypatch.setattr(inverted_images, "STEPS", 1)
    study = design("cancer-imaging", None, "iid:2", {"num_samples": "40", "image_size": "28", "model.width": "4"}, 1)
    told = []
    found = inverted_images.attack(study, preprocessing(study), 3, lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    shown = pictures(found)
    assert len(shown) == 2
    strip = np.asarray(Image.open(io.BytesIO(shown[0].png)))
    assert strip.shape == (28, 3 * 28 + 2 * 2)
    assert np.array_equal(strip[:, :28], found.originals[0])
