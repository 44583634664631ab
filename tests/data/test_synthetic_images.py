"""The generator of images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fedcare.data.schema import ImageSchema, Target
from fedcare.data.sources.npz import read_npz
from fedcare.data.sources.synthetic_images import generate, write_npz
from fedcare.errors import BadSetting


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 90), st.integers(28, 48), st.floats(0, 1), st.integers(0, 2**60))
def test_the_number_of_positives_is_exact_and_the_shape_as_asked(count, size, ratio, seed):
    records = generate(count, size, ratio, seed).records
    assert records.pixels.shape == (count, size, size)
    assert records.pixels.dtype == np.uint8
    assert records.target.sum() == round(count * ratio)


def test_the_same_arguments_give_the_same_pixels_and_another_seed_others():
    first, again, other = (generate(40, 32, 0.3, seed).records for seed in (7, 7, 8))
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.target, again.target)
    assert not np.array_equal(first.pixels, other.pixels)


def test_large_images_are_made_too():
    assert generate(3, 512, 0.5, 1).records.pixels.shape == (3, 512, 512)


def test_the_mean_brightness_does_not_give_the_label_away_but_the_lesion_is_there():
    records = generate(600, 64, 0.4, 3).records
    brightness = records.pixels.reshape(600, -1).astype(np.float64)
    assert roc_auc_score(records.target, brightness.mean(axis=1)) < 0.85
    assert roc_auc_score(records.target, np.percentile(brightness, 99, axis=1)) > 0.95


def test_both_classes_use_the_whole_range_of_tissue_brightness():
    records = generate(400, 64, 0.5, 4).records
    medians = np.median(records.pixels.reshape(400, -1), axis=1)
    normal, cancer = (medians[records.target == label] for label in (0, 1))
    assert normal.mean() == pytest.approx(cancer.mean(), abs=6)
    assert min(normal.std(), cancer.std()) > 6


@pytest.mark.parametrize("arguments", [(0, 64, 0.3), (10, 27, 0.3), (10, 513, 0.3), (10, 64, 1.5), (10, 64, -0.1)])
def test_impossible_images_are_refused(arguments):
    with pytest.raises(BadSetting):
        generate(*arguments, seed=1)


def test_written_images_are_read_back_as_they_were(tmp_path):
    records = generate(20, 32, 0.3, 1).records
    write_npz(tmp_path / "images.npz", records)
    schema = ImageSchema(target=Target(name="label", kind="binary", classes=("normal", "cancer")), image_size=32)
    again = read_npz(tmp_path / "images.npz", schema, "cancer-imaging").records
    assert np.array_equal(again.pixels, records.pixels)
    assert np.array_equal(again.target, records.target)
    assert again.split is None
