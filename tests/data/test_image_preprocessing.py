"""Brightness of the federation's images."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedcare.data.image_preprocessing import ImagePreprocessing, fit_images, image_statistics
from fedcare.data.records import Images
from fedcare.data.schema import ImageSchema, Target
from fedcare.errors import TooFewRecords

SCHEMA = ImageSchema(target=Target(name="label", kind="binary", classes=("normal", "cancer")), image_size=28)


def images(count: int, seed: int = 0) -> Images:
    rng = np.random.default_rng(seed)
    return Images(rng.integers(0, 256, (count, 28, 28), dtype=np.uint8), (np.arange(count) % 2).astype(np.float64))


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 600), st.integers(0, 600), st.integers(0, 99))
def test_statistics_of_parts_add_up_to_those_of_the_whole(count, cut, seed):
    whole = images(count, seed)
    parts = [whole.take(rows) for rows in np.split(np.arange(count), [min(cut, count)])]
    assert sum(image_statistics(part) for part in parts) == pytest.approx(image_statistics(whole), rel=1e-12)


def test_the_fitted_mean_and_deviation_are_those_of_all_pixels():
    whole = images(50)
    fitted = fit_images(SCHEMA, image_statistics(whole))
    pixels = whole.pixels / 255.0
    assert fitted.input_mean == pytest.approx(pixels.mean())
    assert fitted.input_scale == pytest.approx(pixels.std())


def test_constant_images_are_not_divided_by_zero():
    flat = Images(np.full((4, 28, 28), 77, np.uint8), np.zeros(4))
    assert fit_images(SCHEMA, image_statistics(flat)).input_scale == 1.0


def test_no_pixels_at_all_are_refused():
    with pytest.raises(TooFewRecords):
        fit_images(SCHEMA, image_statistics(images(0)))


def test_inputs_share_the_memory_of_the_images_and_targets_are_class_numbers():
    whole = images(6)
    fitted = fit_images(SCHEMA, image_statistics(whole))
    assert fitted.inputs(whole).shape == (6, 1, 28, 28)
    assert np.shares_memory(fitted.inputs(whole), whole.pixels)
    assert fitted.targets(whole).tolist() == [0, 1, 0, 1, 0, 1]
    assert fitted.targets(whole).dtype == np.int64


def test_preprocessing_survives_json():
    fitted = fit_images(SCHEMA, image_statistics(images(5)))
    assert ImagePreprocessing.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted
