"""One DICOM image to be looked at: its own grey values, and the window that the file asks for to begin with.

A browser decodes no DICOM. It is given the modality's values as 16-bit steps and draws any window of them itself, by
``(value - centre) / width + 1/2`` (DICOM PS3.3 C.11.2.1.3.2, which the more usual C.11.2.1.2.1 differs from by half a
value). What cannot be windowed, a colour picture or one with a table of its own, comes as brightness from 0 to 255 or
1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fedcare.data.sources.grey import UnusableImage
from fedcare.serving.dicom import Floats, decoded, is_inverted, looked_up, measured, own_window, span
from fedcare.serving.dicom_header import is_dicom
from fedcare.serving.imaging import MOST_BYTES

# The longer side of what is sent, in pixels: more than a page shows of it, and 2 MB at most.
MOST_SIDE = 1024
STEPS = 65_535


@dataclass(frozen=True)
class View:
    """``pixels`` of shape ``(rows, columns)``: each stands for the value ``low + step * pixel``.

    ``centre`` and ``width`` are the first window, ``least`` and ``most`` the ends of what there is to look at, all four
    in the modality's values. ``inverted``: the lowest value is white.
    """

    pixels: npt.NDArray[np.uint16]
    low: float
    step: float
    centre: float
    width: float
    least: float
    most: float
    inverted: bool


def view(content: bytes) -> View:
    """A DICOM file's image; raises UnusableImage, whose text holds nothing of the header."""
    if len(content) > MOST_BYTES:
        raise UnusableImage(f"it has more than {MOST_BYTES // 2**20} MB")
    if not is_dicom(content):
        raise UnusableImage("it is not a PNG, JPEG or DICOM image")
    return decoded(content, _view)


def _view(dataset: Any) -> View:
    values = measured(dataset)
    is_colour = values.dtype == np.uint8
    values = np.asarray(values, dtype=np.float64)
    if not is_colour and "VOILUTSequence" in dataset:
        values, window = looked_up(values, dataset), (0.0, 1.0)
    else:
        window = (0.0, 255.0) if is_colour else span(values, dataset)
    if not np.isfinite(values).all():
        raise UnusableImage("its pixels are neither grey nor colours")
    least, most = window
    if not is_colour and "WindowCenter" in dataset and "WindowWidth" in dataset and "VOILUTSequence" not in dataset:
        centre, width = own_window(dataset)
    else:
        centre, width = (least + most) / 2.0, most - least
    pixels, low, step = _in_steps(_smaller(values))
    return View(pixels, low, step, centre, max(width, step), least, most, is_inverted(dataset))


def _smaller(values: Floats) -> Floats:
    """The picture in its own proportion, each pixel the mean of those that it stands for."""
    rows, columns = values.shape
    share = MOST_SIDE / max(rows, columns)
    if share >= 1.0:
        return values
    size = (max(1, round(columns * share)), max(1, round(rows * share)))
    smaller = Image.fromarray(values.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return np.asarray(smaller, dtype=np.float64)


def _in_steps(values: Floats) -> tuple[npt.NDArray[np.uint16], float, float]:
    """Whole values as they are, where 16 bits hold them; others in as many steps."""
    low, high = float(values.min()), float(values.max())
    fits = high - low <= STEPS and bool((values == np.rint(values)).all())
    step = 1.0 if fits else (high - low) / STEPS or 1.0
    return np.rint((values - low) / step).astype(np.uint16), low, step
