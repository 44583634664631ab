"""DICOM files that few programs write: HTJ2K, lossy JPEG of 12 bits, and files without preamble or meta elements.

The HTJ2K files are of OpenJPH, another codec than the one that reads them here.
"""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from fedcare.data.sources.grey import UnusableImage
from fedcare.serving import dicom
from fedcare.serving.dicom_header import is_dicom, read_header
from fedcare.serving.imaging import read_image

FILES = Path(__file__).parents[1] / "files"
TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
JPEG_12 = TEST_FILES / "JPEG-lossy.dcm"


def drawn():
    """What the files hold: a slope with a bright disc, wider than high."""
    y, x = np.mgrid[0:48, 0:64]
    return 45 * x + 15 * y + 400 * ((x - 30) ** 2 + (y - 20) ** 2 < 150)


@pytest.mark.parametrize(
    ("name", "tolerance"), [("htj2k_lossless", 0), ("htj2k_lossless_rpcl", 0), ("htj2k_lossy", 42)]
)
def test_high_throughput_jpeg_2000_gives_the_pixels_that_were_drawn(name, tolerance):
    content = (FILES / f"{name}.dcm").read_bytes()
    dataset = read_header(content)
    assert dataset.file_meta.TransferSyntaxUID.startswith("1.2.840.10008.1.2.4.20")
    np.testing.assert_allclose(dataset.pixel_array.astype(int), drawn(), atol=tolerance)
    grey = dicom._grey(dataset)
    np.testing.assert_allclose(grey.astype(int), drawn() / 4095 * 255, atol=1 + tolerance / 16)
    assert read_image(content, 64).shape == (64, 64)


def test_an_htj2k_frame_that_claims_another_size_is_refused():
    content = bytearray((FILES / "htj2k_lossless.dcm").read_bytes())
    at = content.find(b"\xff\x4f\xff\x51")
    content[at + 8 : at + 16] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(UnusableImage, match="another size"):
        read_image(bytes(content), 64)


@pytest.mark.parametrize("cut", [700, 1000, 1400])
def test_a_damaged_htj2k_file_is_refused_or_read_but_never_quoted(cut):
    content = (FILES / "htj2k_lossless.dcm").read_bytes()
    try:
        read_image(content[:cut] + b"\xff" * (len(content) - cut), 64)
    except UnusableImage as problem:
        assert "Mustermann" not in str(problem)


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPGExtended.dcm"])
def test_a_lossy_jpeg_of_12_bits_gives_the_values_that_others_read(name):
    dataset = read_header((TEST_FILES / name).read_bytes())
    values = dicom._values(dataset)
    # As libjpeg-turbo decodes it; pydicom's own tests expect the first two.
    assert values.shape == (1024, 256) and (values[420, 140], values[230, 120]) == (244, 95)
    assert (values.min(), values.max(), int(values.sum(dtype=np.int64))) == (0, 264, 3767007)
    assert read_image((TEST_FILES / name).read_bytes(), 64).std() > 1


@pytest.mark.parametrize(
    ("element", "value", "reason"),
    [
        ("Rows", 1023, "another size"),
        ("PixelRepresentation", 1, "signed"),
        ("BitsAllocated", 32, "not a grey image"),
    ],
)
def test_a_jpeg_of_12_bits_whose_header_says_otherwise_is_refused(element, value, reason):
    dataset = pydicom.dcmread(JPEG_12)
    setattr(dataset, element, value)
    with pytest.raises(UnusableImage, match=reason):
        read_image(written(dataset), 64)


def test_a_damaged_jpeg_of_12_bits_is_refused():
    content = JPEG_12.read_bytes()
    with pytest.raises(UnusableImage):
        read_image(content[: len(content) // 4], 64)


def written(dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def test_a_file_without_preamble_is_read_as_the_one_with_it():
    content = (TEST_FILES / "MR_small.dcm").read_bytes()
    assert content[128:132] == b"DICM"
    np.testing.assert_array_equal(read_image(content[132:], 64), read_image(content, 64))
    compressed = (TEST_FILES / "MR_small_jp2klossless.dcm").read_bytes()
    np.testing.assert_array_equal(read_image(compressed[132:], 64), read_image(compressed, 64))
    deflated = (TEST_FILES / "image_dfl.dcm").read_bytes()
    np.testing.assert_array_equal(read_image(deflated[132:], 64), read_image(deflated, 64))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_file_without_meta_elements_is_read_as_the_one_with_them(syntax):
    name = "MR_small_bigendian.dcm" if syntax == ExplicitVRBigEndian else "MR_small.dcm"
    dataset = pydicom.dcmread(TEST_FILES / name)
    buffer = BytesIO()
    pydicom.dcmwrite(
        buffer,
        pydicom.Dataset({tag: dataset[tag] for tag in sorted(dataset.keys())}),
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=False,
    )
    bare = buffer.getvalue()
    assert b"DICM" not in bare[:200]
    np.testing.assert_array_equal(read_image(bare, 64), read_image(TEST_FILES / "MR_small.dcm", 64))


def test_a_compressed_file_without_meta_elements_says_what_it_lacks():
    content = (TEST_FILES / "MR_small_jp2klossless.dcm").read_bytes()
    (length,) = struct.unpack_from("<I", content, 140)
    with pytest.raises(UnusableImage, match="does not say how"):
        read_image(content[144 + length :], 64)


@pytest.mark.parametrize("name", ["rtstruct.dcm", "ExplVR_LitEndNoMeta.dcm"])
def test_what_has_no_image_says_so_without_preamble_too(name):
    with pytest.raises(UnusableImage, match="without an image"):
        read_image((TEST_FILES / name).read_bytes(), 64)


@pytest.mark.parametrize("content", [b"", b"\x08\x00", b"\x08\x00" * 200, b"\x02\x00\x00\x00" + b"\xff" * 300])
def test_bytes_that_only_begin_alike_are_no_dicom(content):
    assert not is_dicom(content)
