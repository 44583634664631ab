"""One DICOM image to grey pixels: the modality's values, seen through the window that the file asks for.

Of the header only the elements that describe the pixels are read; names, dates and identifiers are not even parsed.
What a file claims of itself is checked before anything is decoded, since a few bytes can claim a picture of gigabytes.
"""

from __future__ import annotations

import logging
import struct
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from fedcare.data.sources.grey import MOST_PIXELS, Pixels, UnusableImage, resize
from fedcare.serving import dicom_jpeg
from fedcare.serving.dicom_header import read_header
from fedcare.serving.dicom_jpeg import frame_header

RLE = "1.2.840.10008.1.2.5"

Floats = npt.NDArray[np.float64]
Made = TypeVar("Made")

# pydicom names values in its warnings and its log, and a value may be a patient's.
logging.getLogger("pydicom").addHandler(logging.NullHandler())
logging.getLogger("pydicom").propagate = False
# The native decoders do not promise to bear two threads, and warnings are silenced for the whole process at a time.
_ONE_AT_A_TIME = threading.Lock()


def read_dicom(content: bytes, size: int) -> Pixels:
    """The image as uint8 of ``size`` x ``size``; raises UnusableImage, whose text holds nothing of the header."""
    return resize(Image.fromarray(decoded(content, _grey)), size)


def decoded(content: bytes, make: Callable[[Any], Made]) -> Made:
    """What ``make`` makes of the checked dataset; raises UnusableImage, whose text holds nothing of the header."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = read_header(content)
            _check(dataset)
            return make(dataset)
        except UnusableImage:
            raise
        except MemoryError as error:
            raise UnusableImage("it is too large to decode") from error
        except Exception:  # pydicom and its decoders raise anything, and their texts may quote the header.
            raise UnusableImage(
                "it is damaged, or compressed in a way that cannot be read: try it uncompressed"
            ) from None


# -- before decoding --------------------------------------------------------------------------------------------------


def _check(dataset: Any) -> None:
    if "PixelData" not in dataset:
        raise UnusableImage("it is a DICOM file without an image")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise UnusableImage(
            f"it has {frames} frames, and one image is judged at a time: send the frame that shows the finding best,"
            " as a file of its own"
        )
    rows, columns = int(dataset.get("Rows") or 0), int(dataset.get("Columns") or 0)
    if rows < 1 or columns < 1:
        raise UnusableImage("it has no pixels")
    _check_size(rows, columns)
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not syntax.is_deflated:
        _check_frame(dataset, rows, columns, str(syntax))


def _check_size(rows: int, columns: int) -> None:
    if rows * columns > MOST_PIXELS:
        raise UnusableImage(f"{columns} x {rows} pixels; at most {MOST_PIXELS} are read")


def _check_frame(dataset: Any, rows: int, columns: int, syntax: str) -> None:
    """The compressed frame claims a size of its own, for which a decoder would make room."""
    from pydicom.encaps import get_frame

    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    if syntax == RLE:
        samples, bits = int(dataset.SamplesPerPixel), int(dataset.BitsAllocated)
        if _unpacked(frame) > 2 * rows * columns * samples * (bits // 8) + 64:
            raise UnusableImage("its compressed pixels unpack to more than its header says")
        return
    claimed = _claimed(frame)
    if claimed is not None and claimed != (rows, columns):
        raise UnusableImage("its compressed pixels are of another size than its header says")


def _claimed(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns by a JPEG's or JPEG 2000's own header; None where there is none to be found."""
    size = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if size >= 0:
        width, height, left, top = struct.unpack_from(">IIII", frame, size + 8)
        return height - top, width - left
    found = frame_header(frame)
    return None if found is None else found[1:3]


def _unpacked(frame: bytes) -> int:
    """To how many bytes the segments of an RLE frame unpack."""
    at, found = 64, 0
    while at < len(frame):
        control = frame[at]
        if control < 128:
            found, at = found + control + 1, at + control + 2
        else:
            found, at = found + (257 - control if control > 128 else 0), at + 2
    return found


# -- from values to grey ----------------------------------------------------------------------------------------------


def _grey(dataset: Any) -> Pixels:
    values = measured(dataset)
    if values.dtype == np.uint8:
        return np.asarray(values, dtype=np.uint8)
    shown = _windowed(np.asarray(values, dtype=np.float64), dataset)
    if is_inverted(dataset):
        shown = 1.0 - shown
    grey: Pixels = np.rint(shown * 255.0).astype(np.uint8)
    return grey


def measured(dataset: Any) -> npt.NDArray[Any]:
    """The modality's values as float64, such as Hounsfield units; of a colour picture its brightness, as uint8."""
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

    values = _values(dataset)
    if str(dataset.get("PhotometricInterpretation")) == "PALETTE COLOR":
        values = apply_color_lut(values, dataset)
    if values.ndim == 3:
        return _of_colours(values)
    if values.ndim != 2:
        raise UnusableImage("its pixels are neither grey nor colours")
    return np.asarray(apply_modality_lut(values, dataset), dtype=np.float64)


def is_inverted(dataset: Any) -> bool:
    """Whether the lowest value is white."""
    return str(dataset.get("PhotometricInterpretation")) == "MONOCHROME1"


def _values(dataset: Any) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = dicom_jpeg.decode(dataset) if dicom_jpeg.is_12_bit(dataset) else dataset.pixel_array
    return values


def _of_colours(values: npt.NDArray[Any]) -> Pixels:
    top = float(np.iinfo(values.dtype).max) if np.issubdtype(values.dtype, np.integer) else 1.0
    levels = np.rint(np.clip(values[..., :3] / top, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.asarray(Image.fromarray(levels).convert("L"))


def _windowed(values: Floats, dataset: Any) -> Floats:
    """Brightness from 0 to 1 by the file's VOI lookup table or window, the first of several (DICOM PS3.3 C.11.2).

    A file that asks for neither is shown from its lowest to its highest value, without padding; one of 8 bits as it is.
    """
    if "VOILUTSequence" in dataset:
        return looked_up(values, dataset)
    if "WindowCenter" in dataset and "WindowWidth" in dataset:
        return _through_window(values, *own_window(dataset), str(dataset.get("VOILUTFunction") or "LINEAR"))
    low, high = span(values, dataset)
    return np.clip((values - low) / (high - low), 0.0, 1.0) if high > low else np.zeros_like(values)


def own_window(dataset: Any) -> tuple[float, float]:
    """Centre and width of the window that the file asks for, the first of several."""
    return _first(dataset.WindowCenter), _first(dataset.WindowWidth)


def span(values: Floats, dataset: Any) -> tuple[float, float]:
    """The lowest and the highest value but for padding; 0 and 255 of plain 8 bits."""
    if int(dataset.BitsStored) == 8 and "RescaleSlope" not in dataset and not dataset.PixelRepresentation:
        return 0.0, 255.0
    padding = dataset.get("PixelPaddingValue")
    real = values if padding is None else values[values != float(padding)]
    return (float(real.min()), float(real.max())) if real.size else (0.0, 0.0)


def _through_window(values: Floats, centre: float, width: float, function: str) -> Floats:
    if function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / max(width, 1e-9), -500.0, 500.0)))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / max(width, 1e-9) + 0.5, 0.0, 1.0)
    if width <= 1.0:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def looked_up(values: Floats, dataset: Any) -> Floats:
    """Brightness from 0 to 1 by the file's own table."""
    from pydicom.pixels.processing import apply_voi

    bits = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
    shown = np.asarray(apply_voi(np.rint(values).astype(np.int64), dataset, index=0), dtype=np.float64)
    return np.clip(shown / float(2**bits - 1), 0.0, 1.0)


def _first(value: Any) -> float:
    """A window's number: files may hold several windows, of which the first is the one to show."""
    return float(value[0]) if hasattr(value, "__getitem__") and not isinstance(value, str) else float(value)
