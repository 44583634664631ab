"""Images from a folder per class."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fedcare.data.schema import ImageSchema, Target
from fedcare.data.sources.image_folder import read_folder
from fedcare.errors import BadRecords, FileMissing, UnreadableFile

SCHEMA = ImageSchema(target=Target(name="label", kind="binary", classes=("normal", "cancer")), image_size=28)
RNG = np.random.default_rng(0)


def read(path, **options):
    return read_folder(path, SCHEMA, "cancer-imaging", **options)


def picture(path, shape=(40, 40), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8)).save(path, **options)
    return path


def test_classes_come_from_folder_names_in_any_case_and_files_of_any_size(tmp_path):
    picture(tmp_path / "Normal" / "a.png")
    picture(tmp_path / "CANCER" / "b.JPG", (64, 50, 3))
    picture(tmp_path / "CANCER" / "deep" / "c.jpeg", (20, 30))
    (tmp_path / "CANCER" / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").mkdir()
    records = read(tmp_path).records
    assert records.pixels.shape == (3, 28, 28)
    assert sorted(records.target.tolist()) == [0, 1, 1]
    assert records.split is None


def test_parts_above_the_classes_are_kept(tmp_path):
    for part in ("train", "val", "Test"):
        for label in ("normal", "cancer"):
            picture(tmp_path / part / label / "a.png")
    records = read(tmp_path).records
    assert sorted(zip(records.split.tolist(), records.target.tolist(), strict=True)) == [
        (part, label) for part in ("test", "train", "validation") for label in (0, 1)
    ]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_truncated_image_is_named_and_the_others_stay(tmp_path, suffix):
    picture(tmp_path / "normal" / "good.png")
    bad = picture(tmp_path / "cancer" / f"bad{suffix}", (200, 200))
    bad.write_bytes(bad.read_bytes()[:3000])
    picture(tmp_path / "cancer" / "good.png")
    loaded = read(tmp_path)
    assert len(loaded.records) == 2
    assert [problem.column for problem in loaded.problems] == [f"cancer/bad{suffix}"]
    assert "damaged" in loaded.problems[0].reason


def test_a_file_that_only_claims_to_be_an_image_is_a_problem(tmp_path):
    picture(tmp_path / "normal" / "good.png")
    (tmp_path / "normal" / "fake.png").write_text("hello")
    (tmp_path / "normal" / "none.png").write_bytes(b"")
    assert {p.column for p in read(tmp_path).problems} == {"normal/fake.png", "normal/none.png"}


def test_nothing_usable_is_an_error(tmp_path):
    (tmp_path / "normal").mkdir()
    with pytest.raises(BadRecords, match="normal/, cancer/"):
        read(tmp_path)
    (tmp_path / "normal" / "fake.png").write_text("hello")
    with pytest.raises(BadRecords, match=r"none of its 1 images.*fake.png"):
        read(tmp_path)


def test_a_folder_that_is_no_class_is_said_with_the_classes(tmp_path):
    picture(tmp_path / "normal" / "a.png")
    picture(tmp_path / "benign" / "a.png")
    with pytest.raises(BadRecords, match=r"benign is none of the task's classes \(normal, cancer\)"):
        read(tmp_path)


def test_a_missing_folder_and_a_file_in_its_place_are_refused(tmp_path):
    with pytest.raises(FileMissing):
        read(tmp_path / "absent")
    with pytest.raises(UnreadableFile):
        read(picture(tmp_path / "a.png"))


def test_sixteen_bits_are_scaled_rather_than_clipped(tmp_path):
    ramp = np.linspace(0, 65535, 28 * 28).reshape(28, 28).astype(np.uint16)
    (tmp_path / "normal").mkdir()
    Image.fromarray(ramp).save(tmp_path / "normal" / "deep.png")
    pixels = read(tmp_path).records.pixels[0]
    assert np.abs(pixels - ramp / 257.0).max() <= 0.5


def test_palettes_transparency_and_cmyk_are_read(tmp_path):
    (tmp_path / "normal").mkdir()
    image = Image.fromarray(RNG.integers(0, 256, (30, 30, 3), dtype=np.uint8))
    image.convert("P").save(tmp_path / "normal" / "p.png", transparency=bytes([0, 128, 255]))
    image.convert("RGBA").save(tmp_path / "normal" / "rgba.png")
    image.convert("LA").save(tmp_path / "normal" / "la.png")
    image.convert("1").save(tmp_path / "normal" / "bits.png")
    image.convert("CMYK").save(tmp_path / "normal" / "cmyk.jpg")
    loaded = read(tmp_path)
    assert (len(loaded.records), loaded.problems) == (5, ())


def test_a_photograph_is_turned_upright(tmp_path):
    (tmp_path / "normal").mkdir()
    bright_top = np.zeros((28, 28), np.uint8)
    bright_top[:14] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # Upside down.
    Image.fromarray(bright_top).save(tmp_path / "normal" / "a.jpg", exif=exif)
    pixels = read(tmp_path).records.pixels[0]
    assert pixels[20:].mean() > 200 > 50 > pixels[:8].mean()


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path, side):
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    picture(tmp_path / "normal" / "good.png")
    (tmp_path / "normal" / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b""))
    problems = read(tmp_path).problems
    assert [p.column for p in problems] == ["normal/bomb.png"]
    assert "pixels" in problems[0].reason


def test_order_and_progress_are_fixed(tmp_path):
    for name in ("c", "a", "b"):
        picture(tmp_path / "normal" / f"{name}.png")
    heard = []
    first = read(tmp_path, progress=lambda done, total: heard.append((done, total))).records
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert np.array_equal(first.pixels, read(tmp_path).records.pixels)
