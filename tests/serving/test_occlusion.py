"""The heat map of small images."""

import numpy as np

from fedcare.serving.occlusion import PLACES, occlusion


def bright(images):
    """A model that finds the brightest spot."""
    most = images.reshape(len(images), -1).max(axis=1).astype(np.float32)
    return np.stack([np.zeros_like(most), most], axis=1)


def test_the_place_whose_covering_costs_the_finding_most_is_where_the_finding_is():
    pixels = np.full((28, 28), 60, dtype=np.uint8)
    pixels[20:23, 6:8] = 250
    heat = occlusion(pixels, 1, bright)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert heat.shape == (PLACES, PLACES)
    assert (row, column) == (4, 1) and heat[0].max() == heat[:, 5].max() == 0


def test_what_speaks_against_the_class_is_left_out():
    pixels = np.full((64, 64), 60, dtype=np.uint8)
    pixels[:6, :6] = 250
    assert occlusion(pixels, 0, bright).max() == 0


def test_a_small_image_gets_a_map_of_more_than_a_place_or_four(made):
    from io import BytesIO

    from PIL import Image

    written = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).save(written, "PNG")
    seen = made("cancer-imaging")[0].image(written.getvalue())
    assert seen.heat.shape == (PLACES, PLACES) and 0.0 <= seen.heat.max() <= 1.0
