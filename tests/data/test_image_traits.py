"""The numbers that tell one kind of image from another."""

import numpy as np

from fedcare.data.image_traits import ACROSS, AXES, BRIGHTNESS, CONTRAST, DOWN, LAYOUT, NAMES, traits


def one(pixels):
    return dict(zip(NAMES, traits(np.asarray(pixels, dtype=np.uint8)[None])[0], strict=True))


def test_brightness_and_contrast_are_shares_of_white():
    half = np.zeros((30, 30))
    half[:, 15:] = 255
    found = one(half)
    assert found[BRIGHTNESS] == 0.5 and found[CONTRAST] == 0.5


def test_noise_is_grainy_and_a_slope_is_not():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64))
    slope = np.tile(np.linspace(0, 255, 64), (64, 1))
    assert one(noise)[ACROSS] > 0 and one(noise)[DOWN] > 0
    assert one(slope)[ACROSS] < -3 and one(slope)[DOWN] == AXES[DOWN].low


def test_an_inverted_image_has_its_light_where_it_was_dark():
    corner = np.zeros((30, 30))
    corner[:8, :8] = 200
    lit, inverted = one(corner), one(255 - corner)
    assert lit["layout 1,1"] > 1
    for name in LAYOUT:
        assert np.isclose(lit[name], -inverted[name])


def test_a_blank_image_has_no_contrast_and_no_traits_that_are_not_numbers():
    found = one(np.full((28, 28), 99))
    assert found[CONTRAST] == 0
    assert np.isfinite(list(found.values())).all()


def test_traits_lie_on_their_axes_and_do_not_depend_on_the_other_images():
    images = np.random.default_rng(1).integers(0, 256, (130, 45, 45), dtype=np.uint8)
    together = traits(images)
    assert np.array_equal(together[100], traits(images[100:101])[0])
    assert together.shape == (130, len(NAMES)) and traits(images[:0]).shape == (0, len(NAMES))
    for place, name in enumerate(NAMES):
        assert AXES[name].low <= together[:, place].min() and together[:, place].max() <= AXES[name].high
