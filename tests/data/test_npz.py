"""Images from an npz."""

import numpy as np
import pytest

from fedcare.data.schema import ImageSchema, Target
from fedcare.data.sources.npz import read_npz
from fedcare.errors import BadRecords, FileMissing, UnreadableFile

SCHEMA = ImageSchema(target=Target(name="label", kind="binary", classes=("normal", "cancer")), image_size=28)
RNG = np.random.default_rng(0)


def grey(count, height=28, width=28):
    return RNG.integers(0, 256, (count, height, width), dtype=np.uint8)


def labels(count):
    return (np.arange(count) % 2).astype(np.uint8)


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "images.npz", **arrays)
    return tmp_path / "images.npz"


def read(path, schema=SCHEMA, **options):
    return read_npz(path, schema, "cancer-imaging", **options)


def test_the_official_splits_are_kept(tmp_path):
    arrays = {}
    for prefix, count in (("train", 6), ("val", 3), ("test", 2)):
        arrays |= {f"{prefix}_images": grey(count), f"{prefix}_labels": labels(count)[:, None]}
    records = read(saved(tmp_path, **arrays)).records
    assert records.split.tolist() == ["train"] * 6 + ["validation"] * 3 + ["test"] * 2
    assert np.array_equal(records.pixels[:6], arrays["train_images"])
    assert records.target.tolist() == [0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1]


def test_images_and_labels_alone_have_no_parts(tmp_path):
    records = read(saved(tmp_path, images=grey(4), labels=labels(4))).records
    assert records.split is None
    assert len(records) == 4


def test_colour_is_turned_grey_by_perceived_brightness(tmp_path):
    colour = np.zeros((3, 28, 28, 3), np.uint8)
    for channel in range(3):
        colour[channel, :, :, channel] = 255
    records = read(saved(tmp_path, images=colour, labels=labels(3))).records
    red, green, blue = records.pixels.mean(axis=(1, 2))
    assert green > red > blue > 0


def test_resizing_down_averages_rather_than_picks(tmp_path):
    stripes = np.zeros((1, 280, 280), np.uint8)
    stripes[:, :, ::2] = 200
    records = read(saved(tmp_path, images=stripes, labels=[0])).records
    assert records.pixels.shape == (1, 28, 28)
    assert np.ptp(records.pixels.astype(int)) <= 6
    assert records.pixels.mean() == pytest.approx(100, abs=2)


@pytest.mark.parametrize("size", [28, 100, 512])
def test_any_size_becomes_the_tasks(tmp_path, size):
    schema = SCHEMA.model_copy(update={"image_size": size})
    assert (
        read(saved(tmp_path, images=grey(2, 40, 60), labels=labels(2)), schema).records.pixels.shape[1:] == (size,) * 2
    )


def test_sixteen_bits_and_fractions_are_scaled_to_the_whole_range(tmp_path):
    deep = np.full((1, 28, 28), 65535, np.uint16)
    assert (read(saved(tmp_path, images=deep, labels=[0])).records.pixels == 255).all()
    halves = np.full((1, 28, 28), 0.5, np.float32)
    assert (read(saved(tmp_path, images=halves, labels=[0])).records.pixels == 128).all()


def test_an_image_that_is_no_image_is_a_problem_and_the_others_stay(tmp_path):
    images = np.full((3, 28, 28), 0.5)
    images[1, 3, 3] = np.nan
    loaded = read(saved(tmp_path, images=images, labels=[0, 1, 1]))
    assert loaded.records.target.tolist() == [0, 1]
    assert [(p.line, p.column) for p in loaded.problems] == [(2, "images")]


def test_nothing_usable_is_an_error(tmp_path):
    with pytest.raises(BadRecords, match="no image can be used"):
        read(saved(tmp_path, images=np.full((2, 28, 28), np.nan), labels=[0, 1]))
    with pytest.raises(BadRecords, match="empty"):
        read(saved(tmp_path, images=grey(0), labels=labels(0)))


def test_wrong_keys_are_answered_with_those_there_and_those_needed(tmp_path):
    with pytest.raises(BadRecords, match=r"keys are pictures, y; needed are train_images and train_labels"):
        read(saved(tmp_path, pictures=grey(2), y=labels(2)))
    with pytest.raises(BadRecords, match="needed are"):
        read(saved(tmp_path, train_images=grey(2)))
    with pytest.raises(BadRecords, match="needed are"):
        read(saved(tmp_path, test_images=grey(2), test_labels=labels(2)))


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"images": grey(3), "labels": [0, 1, 7]}, "hold 7.*0 normal, 1 cancer"),
        ({"images": grey(3), "labels": [0, 1, 0.5]}, "hold 0.5"),
        ({"images": grey(3), "labels": [0, 1, np.nan]}, "hold nan"),
        ({"images": grey(3), "labels": ["a", "b", "c"]}, "class numbers"),
        ({"images": grey(3), "labels": np.zeros((3, 14), int)}, "one label an image"),
        ({"images": grey(3), "labels": [0, 1]}, "3 images but 2 labels"),
        ({"images": np.zeros((3, 784), np.uint8), "labels": [0, 1, 1]}, "shape"),
    ],
)
def test_what_does_not_fit_the_task_is_said(tmp_path, arrays, reason):
    with pytest.raises(BadRecords, match=reason):
        read(saved(tmp_path, **arrays))


def test_pickled_objects_are_never_loaded(tmp_path):
    with pytest.raises(UnreadableFile, match="pickled"):
        read(saved(tmp_path, images=np.array([{"a": 1}], dtype=object), labels=[0]))


def test_what_is_no_npz_is_refused(tmp_path):
    with pytest.raises(FileMissing):
        read(tmp_path / "absent.npz")
    with pytest.raises(UnreadableFile, match="folder"):
        read(tmp_path)
    for name, content in (("text.npz", b"hello"), ("empty.npz", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableFile):
            read(tmp_path / name)
    np.save(tmp_path / "single.npy", grey(2))
    with pytest.raises(UnreadableFile, match=r"single\.npy cannot be read"):
        read(tmp_path / "single.npy")


def test_a_truncated_file_is_refused(tmp_path):
    path = saved(tmp_path, images=grey(50), labels=labels(50))
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(UnreadableFile):
        read(path)


def test_progress_hears_of_every_image(tmp_path):
    heard = []
    read(saved(tmp_path, images=grey(5), labels=labels(5)), progress=lambda done, total: heard.append((done, total)))
    assert heard == [(n, 5) for n in range(1, 6)]


def test_the_real_x_rays_are_read_with_their_official_counts(real_data):
    schema = ImageSchema(target=Target(name="label", kind="binary", classes=("normal", "pneumonia")), image_size=28)
    records = read(real_data / "pneumoniamnist" / "pneumoniamnist_28.npz", schema).records
    counts = {part: int((records.split == part).sum()) for part in ("train", "validation", "test")}
    assert counts == {"train": 4708, "validation": 524, "test": 624}
    assert records.target.sum() == 3494 + 389 + 390
