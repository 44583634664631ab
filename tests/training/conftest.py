"""Rows that several tests train on."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fedcare.training.dataset import Dataset


@pytest.fixture(autouse=True)
def same_draws():
    """What a test draws of torch without a generator of its own is the same each time."""
    torch.manual_seed(1)


@pytest.fixture(autouse=True)
def one_thread():
    """These models are tiny: more threads than one would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def unit():
    """A preprocessing's numbers where a test needs nothing else of it."""
    return SimpleNamespace(input_mean=0.0, input_scale=1.0, target_mean=0.0, target_scale=1.0)


@pytest.fixture
def make_table():
    def make(rows, features=5, classes=0, seed=0):
        rng = np.random.default_rng(seed)
        inputs = torch.from_numpy(rng.normal(size=(rows, features)).astype(np.float32))
        if classes:
            return Dataset(inputs, torch.from_numpy(rng.integers(0, classes, rows)))
        return Dataset(inputs, torch.from_numpy((inputs[:, 0].numpy() + rng.normal(size=rows)).astype(np.float32)))

    return make


@pytest.fixture
def make_images():
    def make(rows, side=28, seed=0):
        rng = np.random.default_rng(seed)
        targets = rng.integers(0, 2, rows)
        pixels = rng.integers(0, 120, (rows, 1, side, side)) + 100 * targets[:, None, None, None]
        return Dataset(torch.from_numpy(pixels.astype(np.uint8)), torch.from_numpy(targets), mean=0.4, scale=0.2)

    return make
