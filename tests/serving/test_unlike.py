"""Records and images unlike those that the model was trained on."""

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fedcare.data.image_preprocessing import fit_image_support, fit_images, image_statistics, image_support_counts
from fedcare.data.sources.npz import read_npz
from fedcare.data.sources.synthetic_images import generate
from fedcare.data.table_preprocessing import fit_table, table_statistics
from fedcare.data.table_support import fit_table_support, table_support_counts
from fedcare.models.build import build
from fedcare.registry.onnx_graph import export
from fedcare.serving.encoder import Encoder
from fedcare.serving.image_kind import unlike
from fedcare.serving.patient_row import RowReader
from fedcare.serving.predictor import Predictor
from fedcare.tasks.loading import load
from fedcare.tasks.registry import get

TASK = get("insurance-cost")
ROWS = load(TASK, None, 1).records
SCALING = fit_table(TASK.records, table_statistics(TASK.records, ROWS))
PREPROCESSING = replace(SCALING, support=fit_table_support(SCALING, table_support_counts(SCALING, ROWS)))
PERSON = {"age": 40, "bmi": 27.5, "children": 2, "sex": "female", "smoker": "no", "region": "southeast"}


# -- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"age": 105}, "age = 105 lies outside what the model has seen, 16.9 to 64.3 years"),
        ({"age": 70}, "age = 70 lies outside what the model has seen"),
        ({"age": 10}, "age = 10 lies outside what the model has seen"),
        ({"children": 9}, "children = 9 lies outside what the model has seen, 0 to 5"),
        ({"bmi": 70.0}, "bmi = 70 lies outside what the model has seen"),
        ({"age": 131}, "outside the range"),
    ],
)
def test_a_number_beyond_the_training_rows_is_named_with_what_was_seen(change, said):
    reader = RowReader(TASK.records, PREPROCESSING)
    row = reader.read(PERSON | change)
    assert len(row.reasons) == 1 and said in row.reasons[0]
    together = Encoder(PREPROCESSING).many([PERSON, PERSON | change])
    assert together.odd[1].reasons == row.reasons and 0 not in together.odd


@pytest.mark.parametrize("age", [18, 64])
def test_the_ends_of_what_was_seen_are_inside(age):
    assert Encoder(PREPROCESSING).one(PERSON | {"age": age})[1] is None


def test_a_category_that_hardly_occurred_was_not_seen():
    support = replace(PREPROCESSING.support, rare={"region": ("southeast",)})
    preprocessing = replace(PREPROCESSING, support=support)
    _, row = Encoder(preprocessing).one(PERSON)
    assert row.reasons == ("region = southeast is a category of which the model has seen fewer than 3 rows",)
    # It is encoded as ever: only the word on it is new.
    np.testing.assert_array_equal(Encoder(preprocessing).one(PERSON)[0], Encoder(SCALING).one(PERSON)[0])


def test_a_version_that_does_not_know_what_was_seen_falls_back_to_the_surroundings_of_the_mean():
    _, row = Encoder(SCALING).one(PERSON | {"bmi": 90.0})
    assert "far from what the model was trained on" in row.reasons[0]


# -- images -----------------------------------------------------------------------------------------------------------


def covered(images):
    return fit_image_support(image_support_counts(images))


def odd_images(like, rng):
    """Images of the same size that are of another kind."""
    count, size = len(like), like.shape[1]
    mean, deviation = like.mean(), like.std()
    return {
        "noise": rng.integers(0, 256, like.shape, dtype=np.uint8),
        "noise of the same brightness and contrast": np.clip(rng.normal(mean, deviation, like.shape), 0, 255),
        "inverted": 255 - like,
        "blank": np.full_like(like, int(mean)),
        "a slope": np.stack([np.tile(np.linspace(each, 255 - each, size), (size, 1)) for each in range(count)]),
        "text": np.stack([_text(size, dark_on_light=bool(each % 2), rng=rng) for each in range(count)]),
    }


def _text(size, dark_on_light, rng):
    """Lines of short strokes."""
    page = np.zeros((size, size))
    for line in range(2, size - 4, 6):
        page[line : line + 4] = np.repeat(rng.random((4, size // 2 + 1)) < 0.5, 2, axis=1)[:, :size]
        page[line : line + 4, rng.integers(0, size, size // 6)] = 0
    return 255 * (1 - page if dark_on_light else page)


def share(images, support):
    return np.mean([bool(unlike(each.astype(np.uint8), support)) for each in images])


@pytest.mark.parametrize("size", [28, 64])
def test_of_synthetic_images_other_kinds_are_flagged_and_new_ones_of_the_kind_are_not(size):
    support = covered(generate(3000, size, 0.3, 1).records)
    new = generate(500, size, 0.3, 2).records.pixels
    assert share(new, support) < 0.02
    for kind, images in odd_images(new[:40], np.random.default_rng(0)).items():
        assert share(images, support) > 0.95, kind


def test_of_chest_radiographs_other_kinds_are_flagged_and_held_out_ones_are_not(real_data):
    task = get("cancer-imaging")
    schema = task.records.model_copy(update={"image_size": 28})
    records = read_npz(real_data / "pneumoniamnist" / "pneumoniamnist_28.npz", schema, task.name).records
    parts = {name: records.take(np.flatnonzero(records.split == name)) for name in ("train", "test")}
    support = covered(parts["train"])
    assert share(parts["test"].pixels, support) < 0.02
    for kind, images in odd_images(parts["test"].pixels[:200], np.random.default_rng(0)).items():
        assert share(images, support) > 0.99, kind


@pytest.fixture(scope="module")
def imaging():
    task = get("cancer-imaging")
    task = task.model_copy(update={"records": task.records.model_copy(update={"image_size": 28})})
    images = generate(400, 28, 0.3, 1).records
    preprocessing = fit_images(task.records, image_statistics(images))
    preprocessing = replace(preprocessing, support=covered(images))
    return Predictor(export(build(task.model, 1, 2, 1).eval(), preprocessing, task.kind), task, preprocessing)


def png(pixels):
    buffer = BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def test_an_image_of_another_kind_is_not_sure_whatever_its_probability(imaging):
    answer = imaging.image(png(np.random.default_rng(0).integers(0, 256, (28, 28)))).prediction
    assert answer.outside and answer.not_sure
    usual = imaging.image(png(generate(1, 28, 0.3, 7).records.pixels[0])).prediction
    assert not usual.outside and not usual.not_sure and json.dumps(usual.to_json())


@pytest.mark.parametrize(
    ("pixels", "word"),
    [
        (np.full((28, 28), 250), "brightness of 98% lies outside what the model has seen"),
        (np.full((28, 28), 95), "contrast of 0% lies outside what the model has seen"),
        (np.tile(np.linspace(60, 130, 28), (28, 1)), "smoother than those"),
        (70 + 50 * (np.indices((28, 28)).sum(axis=0) % 2), "grainier, like noise or print, than those"),
        (np.pad(np.full((7, 7), 200), ((0, 21), (0, 21)), constant_values=80), "light or dark in 1 of 16 places where"),
    ],
)
def test_the_reason_says_what_is_unlike(imaging, pixels, word):
    assert any(word in each for each in imaging.image(png(pixels)).prediction.reasons)
