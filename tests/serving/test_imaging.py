"""PNG, JPEG and DICOM to grey pixels, and heat maps."""

import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from fedcare.data.sources.grey import UnusableImage
from fedcare.errors import BadImage
from fedcare.serving import dicom_header, imaging
from fedcare.serving.imaging import heat_map_png, read_image

SECRET = "Mustermann^Erika"
TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"


def ramp(side=64, top=4095):
    return np.linspace(0, top, side * side).reshape(side, side).astype(np.uint16)


def made_dicom(pixels, syntax=ExplicitVRLittleEndian, **elements):
    dataset = FileDataset(
        None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128,
        is_implicit_VR=False, is_little_endian=syntax != ExplicitVRBigEndian,
    )  # fmt: skip
    dataset.file_meta.TransferSyntaxUID = (
        ExplicitVRBigEndian if syntax == ExplicitVRBigEndian else ExplicitVRLittleEndian
    )
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = SECRET, "4711-0815", "19640812"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = pixels.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in elements.items():
        setattr(dataset, name, value)
    big = syntax == ExplicitVRBigEndian
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    if syntax in (RLELossless, JPEG2000Lossless, JPEGLSLossless):
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.file_meta.TransferSyntaxUID = syntax
    written = BytesIO()
    pydicom.dcmwrite(written, dataset, enforce_file_format=True)
    return written.getvalue()


SYNTAXES = [
    ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian, RLELossless,
]  # fmt: skip


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_the_same_image_in_any_transfer_syntax_gives_the_same_pixels(syntax):
    expected = np.rint(ramp() / 4095 * 255)
    seen = read_image(made_dicom(ramp(), syntax), 64)
    assert seen.dtype == np.uint8
    np.testing.assert_allclose(seen, expected, atol=1)


@pytest.mark.parametrize(
    ("name", "mean"),
    [
        ("MR_small.dcm", 113.1),
        ("MR_small_bigendian.dcm", 113.1),
        ("MR_small_implicit.dcm", 113.1),
        ("MR_small_RLE.dcm", 113.1),
        ("MR_small_jp2klossless.dcm", 113.1),
        ("MR_small_jpeg_ls_lossless.dcm", 113.1),
        ("JPEGLSNearLossless_16.dcm", 46.7),
        ("JPEG2000.dcm", 40.4),
        ("SC_rgb_jpeg_gdcm.dcm", 127.6),
        ("SC_rgb_rle_16bit.dcm", 127.6),
        ("image_dfl.dcm", 127.2),
    ],
)
def test_the_files_that_come_with_pydicom_are_read(name, mean):
    seen = read_image(TEST_FILES / name, 64)
    assert seen.shape == (64, 64)
    assert float(seen.mean()) == pytest.approx(mean, abs=0.6)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("SC_rgb_rle_2frame.dcm", "2 frames.* send the frame that shows the finding best"),
        ("rtplan.dcm", "without an image"),
        ("MR_truncated.dcm", "damaged"),
        ("badVR.dcm", "damaged"),
    ],
)
def test_what_cannot_be_read_says_why(name, reason):
    with pytest.raises(UnusableImage, match=reason):
        read_image((TEST_FILES / name).read_bytes(), 64)


def test_monochrome1_is_turned_around():
    one = read_image(made_dicom(ramp(), PhotometricInterpretation="MONOCHROME1"), 64)
    two = read_image(made_dicom(ramp()), 64)
    np.testing.assert_allclose(one.astype(int), 255 - two.astype(int), atol=1)


def test_the_window_is_applied_after_the_modality():
    values = np.array([[-1000, 0], [40, 3000]] * 1, dtype=np.int16).repeat(32, 0).repeat(32, 1)
    content = made_dicom(
        (values + 1024).astype(np.uint16),
        RescaleSlope="1",
        RescaleIntercept="-1024",
        WindowCenter="40",
        WindowWidth="400",
    )
    seen = read_image(content, 64)
    assert (seen[0, 0], seen[63, 63]) == (0, 255)
    assert seen[63, 0] == pytest.approx(128, abs=1)
    assert seen[0, 63] == pytest.approx((0 - 39.5) / 399 * 255 + 127.5, abs=1)


def test_eight_bits_are_shown_as_they_are():
    pixels = np.full((64, 64), 100, np.uint8)
    assert read_image(made_dicom(pixels), 64).tolist() == pixels.tolist()


def test_a_header_that_claims_too_much_is_refused_before_anything_is_decoded():
    with pytest.raises(UnusableImage, match="at most"):
        read_image(made_dicom(ramp(), Rows=60_000, Columns=60_000), 64)
    with pytest.raises(UnusableImage, match="damaged"):
        read_image(made_dicom(ramp(), Rows=65), 64)


def test_a_frame_that_claims_another_size_than_the_header_is_refused():
    content = bytearray((TEST_FILES / "MR_small_jp2klossless.dcm").read_bytes())
    at = content.find(b"\xff\x4f\xff\x51")
    content[at + 8 : at + 16] = struct.pack(">II", 60_000, 60_000)
    with pytest.raises(UnusableImage, match="another size"):
        read_image(bytes(content), 64)


def test_a_deflated_bomb_is_refused(monkeypatch):
    monkeypatch.setattr(dicom_header, "MOST_INFLATED", 2**20)
    plain = made_dicom(ramp(8), DeflatedExplicitVRLittleEndian)
    (length,) = struct.unpack_from("<I", plain, 140)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = squeezer.compress(b"\0" * 2**23) + squeezer.flush()
    file = plain[: 144 + length] + bomb
    lying = file[:140] + struct.pack("<I", length + 2**16) + file[144:]
    for content in (file, lying, file[132:]):
        with pytest.raises(UnusableImage, match="unpacks to more"):
            read_image(content, 64)


def test_a_file_that_is_too_large_is_not_even_read(monkeypatch, tmp_path):
    monkeypatch.setattr(imaging, "MOST_BYTES", 100)
    (tmp_path / "a.png").write_bytes(b"x" * 101)
    for source in (b"x" * 101, tmp_path / "a.png"):
        with pytest.raises(UnusableImage, match="more than"):
            read_image(source, 64)


@pytest.mark.parametrize("cut", [140, 200, 400, 800, 2000])
def test_a_damaged_file_never_quotes_its_header(cut, caplog, capfd):
    content = made_dicom(ramp())
    broken = content[:cut] + b"\xff" * 30 + content[cut + 30 :]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            read_image(broken, 64)
        except UnusableImage as problem:
            assert "Muster" not in str(problem)
            assert "4711" not in str(problem)
    out, err = capfd.readouterr()
    assert "Muster" not in caplog.text + out + err


def test_identifiers_are_not_even_parsed():
    dataset = dicom_header.read_header(made_dicom(ramp()))
    assert "PatientName" not in dataset
    assert SECRET not in str(dataset)


def test_what_is_no_image_says_so():
    with pytest.raises(UnusableImage, match="PNG, JPEG or DICOM"):
        read_image(b"hello", 64)


def test_an_image_comes_with_a_heat_map_and_its_picture(made):
    predictor, _, _ = made("cancer-imaging")
    seen = predictor.image(made_dicom(ramp()))
    assert seen.pixels.shape == (64, 64)
    assert seen.heat.ndim == 2
    assert 0.0 <= seen.heat.min() <= seen.heat.max() <= 1.0
    with Image.open(BytesIO(heat_map_png(seen.pixels, seen.heat))) as picture:
        assert (picture.size, picture.mode) == ((64, 64), "RGB")
    with pytest.raises(BadImage, match="PNG, JPEG or DICOM"):
        predictor.image(b"hello")


@pytest.mark.parametrize(("level", "reason"), [(255, "brighter"), (0, "no contrast")])
def test_an_image_unlike_those_trained_on_is_flagged(made, level, reason):
    predictor, _, preprocessing = made("cancer-imaging")
    written = BytesIO()
    Image.fromarray(np.full((64, 64), level, np.uint8)).save(written, "PNG")
    answer = predictor.images([written.getvalue()])[0]
    assert answer.outside
    assert any(reason in each for each in answer.reasons) or abs(level / 255 - preprocessing.input_mean) < 0.5
