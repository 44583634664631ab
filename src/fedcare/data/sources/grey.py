"""One image, whatever it came as, as the grey square of 8-bit pixels that a task works on."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

# Twice a large mammogram. A small file that claims more is more likely an attack than a picture.
MOST_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})

Pixels = npt.NDArray[np.uint8]


class UnusableImage(Exception):
    """Why an image cannot be used; whoever asked for it names the file."""


def decode(source: Path | bytes, size: int) -> Pixels:
    """A PNG or JPEG as uint8, shape ``(size, size)``: turned upright, grey, resized. Raises UnusableImage."""
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UnusableImage(f"{image.width} x {image.height} pixels; at most {MOST_PIXELS} are read")
            return resize(_grey(ImageOps.exif_transpose(image)), size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImage(f"more than {MOST_PIXELS} pixels") from error
    except UnidentifiedImageError as error:
        raise UnusableImage("it is not a PNG or JPEG image") from error
    except IsADirectoryError as error:
        raise UnusableImage("it is a folder, not an image") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # What Pillow's decoders raise on damaged files.
        raise UnusableImage(f"the image is damaged ({error})") from error


def resize(image: Image.Image, size: int) -> Pixels:
    """Resize a grey image to a square; each pixel averages all those it stands for, so that fine detail does not alias.

    An image that is not square is stretched rather than cut: a lesion at its edge must not be lost.
    """
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8)


def from_array(pixels: npt.NDArray[np.generic], size: int) -> Pixels:
    """One image as an array of shape ``(H, W)`` or ``(H, W, 1 | 3 | 4)``, resized. Raises UnusableImage.

    Whole numbers of 8 bits are grey levels, of 16 bits 0 to 65535; fractions go from 0 to 1.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if 0 in pixels.shape:
        raise UnusableImage("it has no pixels")
    return resize(Image.fromarray(_eight_bits(pixels)).convert("L"), size)


def _eight_bits(pixels: npt.NDArray[np.generic]) -> Pixels:
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels, dtype=np.uint8)
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype == np.uint16:
        return _rounded(pixels.astype(np.float32) / 257.0)
    if not np.issubdtype(pixels.dtype, np.floating):
        raise UnusableImage(f"pixels of type {pixels.dtype}; 8 or 16 bits or fractions are read")
    values = pixels.astype(np.float32)
    if not np.isfinite(values).all() or values.min() < 0.0 or values.max() > 1.0:
        raise UnusableImage("fractional pixels must lie between 0 and 1")
    return _rounded(values * np.float32(255.0))


def _rounded(levels: npt.NDArray[np.floating]) -> Pixels:
    pixels: Pixels = np.rint(levels).astype(np.uint8)
    return pixels


def _grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits a pixel; Pillow's own conversion would clip them.
        values = np.clip(np.asarray(image, dtype=np.float64), 0, 65535)
        return Image.fromarray(_rounded(values / 257.0))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return image if image.mode == "L" else image.convert("L")
