"""Of a DICOM file's header, what describes the pixels: names, dates and identifiers are not even parsed."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

from fedcare.data.sources.grey import UnusableImage

PREFIX_AT, PREFIX = 128, b"DICM"
# How a file without preamble may begin: with its meta elements, or with those that say what it is, in either order.
META, FIRST, FIRST_OF_BIG_ENDIAN = b"\x02\x00", b"\x08\x00", b"\x00\x08"
FIRST_VRS = frozenset({b"AE", b"CS", b"DA", b"LO", b"OB", b"PN", b"SH", b"ST", b"TM", b"UI", b"UL", b"US"})
MOST_INFLATED = 512 * 1024 * 1024
_PIECE = 64 * 1024
NEEDED = (
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelData", "FloatPixelData",
    "DoubleFloatPixelData", "PixelPaddingValue", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence",
    "WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence", "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
)  # fmt: skip


def is_dicom(content: bytes) -> bool:
    """Whether the bytes are a DICOM file, with its preamble or as some archives write it: without."""
    if content[PREFIX_AT : PREFIX_AT + len(PREFIX)] == PREFIX:
        return True
    if content[:2] not in (META, FIRST, FIRST_OF_BIG_ENDIAN) or len(content) < PREFIX_AT:
        return False
    if content[4:6] in FIRST_VRS:
        return True
    # Without the letters of a type there is a length, which is short for any element that a file may begin with.
    return content[:2] == FIRST and 0 < int.from_bytes(content[4:8], "little") <= 64


def read_header(content: bytes) -> Any:
    """The elements that are needed, as a dataset; raises UnusableImage, and whatever pydicom raises."""
    from pydicom import config, dcmread
    from pydicom.filereader import _read_file_meta_info, read_dataset, read_preamble
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    config.settings.reading_validation_mode = config.IGNORE
    file = BytesIO(content)
    read_preamble(file, force=True)
    meta = _read_file_meta_info(file)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return _with_syntax(dcmread(BytesIO(content), specific_tags=list(NEEDED), force=True))
    # Never by pydicom, which unpacks such a file whole, however large it becomes.
    plain = BytesIO(_inflated(content[file.tell() :]))
    dataset = read_dataset(plain, is_implicit_VR=False, is_little_endian=True, specific_tags=_tags())
    dataset.file_meta = meta
    return dataset


def _with_syntax(dataset: Any) -> Any:
    """A file without meta elements does not say how it is written; that it could be read does, unless compressed."""
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if "TransferSyntaxUID" in dataset.file_meta:
        return dataset
    if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
        raise UnusableImage("it is compressed, and its header does not say how: send it with its file meta elements")
    is_implicit, is_little = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else explicit
    return dataset


def _tags() -> list[Any]:
    from pydicom.tag import Tag

    return [Tag(name) for name in NEEDED]


def _inflated(packed: bytes) -> bytes:
    unpacker, found = zlib.decompressobj(-zlib.MAX_WBITS), bytearray()
    for at in range(0, len(packed), _PIECE):
        found += unpacker.decompress(packed[at : at + _PIECE])
        if len(found) > MOST_INFLATED:
            raise UnusableImage(f"it unpacks to more than {MOST_INFLATED // 2**20} MB")
    if not unpacker.eof:
        raise UnusableImage("it is damaged: its compressed part is cut short")
    return bytes(found)
