"""An image as it is sent, to the grey pixels that a model sees."""

from __future__ import annotations

from pathlib import Path

from fedcare.data.sources.grey import Pixels, decode


def read_image(source: Path | bytes, size: int) -> Pixels:
    """The image as uint8 of ``size`` x ``size``; raises UnusableImage."""
    return decode(source, size)
