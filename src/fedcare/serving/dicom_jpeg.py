"""Lossy JPEG of 12 bits, as some X-ray machines write it: gdcm reads it, but pydicom does not ask it to."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcare.data.sources.grey import UnusableImage

BITS = 12
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}


def frame_header(frame: bytes) -> tuple[int, int, int, int] | None:
    """Bits, rows, columns and samples by a JPEG's or JPEG-LS's own header; None where there is none to be found."""
    at = 2
    while frame[:2] == b"\xff\xd8" and at + 10 <= len(frame) and frame[at] == 0xFF:
        marker, (length,) = frame[at + 1], struct.unpack_from(">H", frame, at + 2)
        if marker in _START_OF_FRAME:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", frame, at + 4)
            return bits, rows, columns, samples
        at += 1 if marker == 0xFF else 2 + length
    return None


def is_12_bit(dataset: Any) -> bool:
    """Whether the frame is one that only ``decode`` reads; what the header says of its bits does not count."""
    from pydicom.encaps import get_frame
    from pydicom.uid import JPEGExtended12Bit

    if dataset.file_meta.TransferSyntaxUID != JPEGExtended12Bit:
        return False
    found = frame_header(get_frame(dataset.PixelData, 0, number_of_frames=1))
    return found is not None and found[0] == BITS


def decode(dataset: Any) -> npt.NDArray[np.uint16]:
    """The values, (rows, columns); raises UnusableImage. The frame's size must have been compared with the header's."""
    from pydicom.encaps import get_frame

    frame = get_frame(dataset.PixelData, 0, number_of_frames=1)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if frame_header(frame) != (BITS, rows, columns, 1) or int(dataset.BitsAllocated) != 16:
        raise UnusableImage("its JPEG of 12 bits is not a grey image of its header's size")
    if int(dataset.PixelRepresentation):
        raise UnusableImage("its JPEG of 12 bits holds signed values, which are not read: try it uncompressed")
    values = _decoded(frame, rows, columns)
    if len(values) != rows * columns * 2:
        raise UnusableImage("its compressed pixels are damaged")
    return np.frombuffer(values, "<u2").reshape(rows, columns)


def _decoded(frame: bytes, rows: int, columns: int) -> bytes:
    import gdcm  # type: ignore[import-untyped]

    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, BITS, BITS - 1, 0))
    # It hands out its bytes as a text.
    found: bytes = image.GetBuffer().encode("utf-8", "surrogateescape")
    return found
