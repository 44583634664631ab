"""An image as it is sent (PNG, JPEG or DICOM) to the grey pixels that a model sees, and a heat map to a picture.

Only pixels are kept. Nothing of a file's header gets into an answer, a log or an error: DICOM files carry names and
birthdays there. What is burnt into the pixels themselves stays in them; they are resized, predicted from and let go.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from fedcare.data.sources.grey import Pixels, UnusableImage, decode
from fedcare.serving.dicom import read_dicom
from fedcare.serving.dicom_header import is_dicom

MOST_BYTES = 64 * 1024 * 1024
# The heat map's colour, red, and how much of the image it may cover at most.
COLOUR, COVER = (220, 30, 30), 0.6


def read_image(source: Path | bytes, size: int) -> Pixels:
    """The image as uint8 of ``size`` x ``size``; raises UnusableImage, whose text holds nothing of the image."""
    content = source if isinstance(source, bytes) else _content(source)
    if len(content) > MOST_BYTES:
        raise UnusableImage(f"it has more than {MOST_BYTES // 2**20} MB")
    if is_dicom(content):
        return read_dicom(content, size)
    try:
        return decode(content, size)
    except UnusableImage as problem:
        if "not a PNG or JPEG" in str(problem):
            raise UnusableImage("it is not a PNG, JPEG or DICOM image") from problem
        raise


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnusableImage(f"it has more than {MOST_BYTES // 2**20} MB")
        return path.read_bytes()
    except OSError as error:
        raise UnusableImage(f"it cannot be read ({error.strerror})") from error


def heat_map_png(pixels: Pixels, heat: npt.NDArray[np.float32]) -> bytes:
    """The image with the heat map laid over it in red, as a PNG of the image's own size.

    The map is coarse: its places are blended into one another to be looked at, which adds nothing to what it knows.
    """
    size = (pixels.shape[1], pixels.shape[0])
    cover = Image.fromarray(np.rint(np.clip(heat, 0.0, 1.0) * 255.0 * COVER).astype(np.uint8))
    picture = Image.fromarray(pixels).convert("RGB")
    picture.paste(Image.new("RGB", size, COLOUR), mask=cover.resize(size, Image.Resampling.BILINEAR))
    written = BytesIO()
    picture.save(written, format="PNG")
    return written.getvalue()
