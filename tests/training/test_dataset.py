"""What must hold for rows on their way to a model."""

from types import SimpleNamespace

import numpy as np
import torch

from fedcare.training.dataset import make_dataset

CPU = torch.device("cpu")


def prepared(inputs, targets, mean=0.0, scale=1.0):
    return SimpleNamespace(inputs=lambda _: inputs, targets=lambda _: targets, input_mean=mean, input_scale=scale)


def test_images_stay_bytes_until_they_are_asked_for():
    pixels = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 1, 4, 4) * 8
    dataset = make_dataset(prepared(pixels, np.array([0, 1]), 0.3, 0.2), None, CPU)
    assert dataset.is_images
    assert not dataset.is_regression
    assert dataset.inputs.data_ptr() == pixels.ctypes.data
    inputs, targets = dataset.batch(np.array([1, 0]))
    np.testing.assert_allclose(inputs.numpy(), (pixels[[1, 0]] / 255 - 0.3) / 0.2, atol=1e-5)
    assert targets.tolist() == [1, 0]
    torch.testing.assert_close(dataset.window(0, 1), inputs[1:])


def test_arrays_that_may_not_be_written_are_copied():
    table = np.ones((3, 2), dtype=np.float32)
    table.setflags(write=False)
    dataset = make_dataset(prepared(table, np.zeros(3, dtype=np.float32)), None, CPU)
    dataset.inputs.zero_()
    assert table.all()
    assert len(dataset) == 3
    assert dataset.is_regression
