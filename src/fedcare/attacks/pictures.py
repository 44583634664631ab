"""Pictures of what an attack found, beside what it looked for."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from fedcare.attacks.inverted_images import InvertedImages
from fedcare.report.blocks import Picture

# White between images, in pixels of theirs.
GAP = 2


def pictures(found: InvertedImages) -> list[Picture]:
    """One for each image: the original, what was found, and what was found under protection, side by side."""
    rows = zip(found.originals, found.found, found.found_protected, strict=True)
    caption = "Left: the record. Middle: found from its gradient. Right: found after clipping and noise."
    shows = "An image, the same image found from its gradient, and what is found under protection"
    return [Picture(png(row), shows, caption) for row in rows]


def png(images: tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]) -> bytes:
    """Grey images side by side as a PNG."""
    gap = np.full((images[0].shape[0], GAP), 255, dtype=np.uint8)
    strip = np.concatenate([part for image in images for part in (gap, image)][1:], axis=1)
    file = io.BytesIO()
    Image.fromarray(strip).save(file, format="PNG")
    return file.getvalue()
