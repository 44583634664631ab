"""A heat map from covering one place of an image after another (Zeiler and Fergus, ECCV 2014).

For small images, whose class activation map has a place or four. Each place is covered with what surrounds it, the
image itself drawn from 4 x 4 grey values, and what the covering takes from the finding's log odds is what the place
speaks for it. It asks nothing of the network but its outputs, ``PLACES`` squared times.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from fedcare.serving.session import Array

Pixels = npt.NDArray[np.uint8]

PLACES = 6
# A cover reaches so far, of a place's width, into its neighbours: a finding on the border is covered by both.
OVERLAP = 0.25
COARSE = 4


def occlusion(pixels: Pixels, about: int, outputs_of: Callable[[Pixels], Array]) -> Array:
    """How much each place of one image ``(side, side)`` speaks for class ``about``, ``(PLACES, PLACES)``, 0 upwards."""
    margins = _margins(outputs_of(np.concatenate([pixels[np.newaxis], _covered(pixels)])), about)
    lost: Array = np.maximum(margins[0] - margins[1:], 0.0).reshape(PLACES, PLACES)
    return lost


def _margins(outputs: Array, about: int) -> Array:
    margins: Array = outputs[:, about] - np.delete(outputs, about, axis=1).max(axis=1)
    return margins


def _covered(pixels: Pixels) -> Pixels:
    """The image with each place covered in turn, row by row: ``(PLACES squared, side, side)``."""
    side = len(pixels)
    coarse = Image.fromarray(pixels).resize((COARSE, COARSE), Image.Resampling.BOX)
    around = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
    width = side / PLACES
    ends = [
        slice(max(0, round((place - OVERLAP) * width)), round((place + 1 + OVERLAP) * width)) for place in range(PLACES)
    ]
    covered = np.repeat(pixels[np.newaxis], PLACES * PLACES, axis=0)
    for place, each in enumerate(covered):
        rows, columns = ends[place // PLACES], ends[place % PLACES]
        each[rows, columns] = around[rows, columns]
    return covered
