"""A few numbers that tell one kind of image from another, whatever it shows.

Brightness and contrast of the whole, how grainy it is across and down (in units of its own contrast, by octaves, so
that noise, text and blank paper lie far apart), and how bright each of 4 x 4 places is beside the rest: an image that
is inverted, turned, or of another part of the body has its light and dark elsewhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fedcare.data.support import BINS, Axis

Floats = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

PLACES = 4
AT_ONCE = 64
# An image with less contrast than this, of 1, is blank: what is left of it is not magnified.
FAINT = 1e-3
FINEST, COARSEST = 1.0, -7.0
BRIGHTNESS, CONTRAST, ACROSS, DOWN = "brightness", "contrast", "grain across", "grain down"
LAYOUT = tuple(f"layout {row + 1},{column + 1}" for row in range(PLACES) for column in range(PLACES))
NAMES = (BRIGHTNESS, CONTRAST, ACROSS, DOWN, *LAYOUT)


def _axis(low: float, high: float) -> Axis:
    return Axis(low, high, low, high, (high - low) / BINS)


# Brightness and contrast go from 0 to 1 and 0.5, which nothing exceeds; grain in octaves; places in deviations.
AXES = {BRIGHTNESS: _axis(0.0, 1.0), CONTRAST: _axis(0.0, 0.5)}
AXES |= {name: _axis(COARSEST, FINEST) for name in (ACROSS, DOWN)} | {name: _axis(-3.0, 3.0) for name in LAYOUT}


def traits(pixels: Pixels) -> Floats:
    """The traits of images ``(rows, side, side)``, in the order of ``NAMES``: shape ``(rows, traits)``."""
    parts = [_traits(pixels[start : start + AT_ONCE]) for start in range(0, len(pixels), AT_ONCE)]
    return np.concatenate(parts) if parts else np.empty((0, len(NAMES)))


def _traits(pixels: Pixels) -> Floats:
    bright = pixels.astype(np.float64) / 255.0
    mean, contrast = bright.mean((1, 2)), bright.std((1, 2))
    even = (bright - mean[:, None, None]) / np.maximum(contrast, FAINT)[:, None, None]
    grain = [_octaves(np.abs(np.diff(even, axis=axis)).mean((1, 2))) for axis in (2, 1)]
    edges = np.linspace(0, pixels.shape[1], PLACES + 1).astype(np.int64)
    rows = np.add.reduceat(even, edges[:-1], axis=1)
    sums = np.add.reduceat(rows, edges[:-1], axis=2)
    sizes = np.diff(edges)
    layout = (sums / (sizes[:, None] * sizes[None, :])).reshape(len(pixels), -1)
    return np.column_stack([mean, contrast, *grain, layout])


def _octaves(grain: Floats) -> Floats:
    return np.log2(np.clip(grain, 2.0**COARSEST, 2.0**FINEST))
