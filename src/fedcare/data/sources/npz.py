"""Images and labels from one ``.npz`` file: MedMNIST's layout with its own splits, or ``images`` and ``labels``.

Layout: Yang et al., Scientific Data 2023 (MedMNIST v2): ``train_images`` of shape ``(n, H, W)`` or ``(n, H, W, 3)``
with ``train_labels`` of shape ``(n, 1)``, and the same for ``val`` and ``test``.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from fedcare.data.records import Images, Loaded, RowProblem
from fedcare.data.schema import ImageSchema
from fedcare.data.sources.grey import Pixels, UnusableImage, from_array
from fedcare.errors import BadRecords, FileMissing, UnreadableFile

Array = npt.NDArray[np.generic]
Progress = Callable[[int, int], None]

# Prefix of the keys, and the part of the records they become; the plain layout has no prefix and no parts.
PARTS = {"train_": "train", "val_": "validation", "test_": "test"}
NEEDED = "train_images and train_labels (val_ and test_ too where there are such), or images and labels"
# An npz is compressed: a small file may claim any size. This is 60 000 images of 224 pixels in colour.
MOST_BYTES = 10 * 2**30


def read_npz(path: Path, schema: ImageSchema, task_name: str, progress: Progress | None = None) -> Loaded:
    """Read images, turned grey and resized to the schema's size; ``progress`` hears of images done and in all.

    An image that cannot be used becomes a problem whose column is its key and whose line its place from 1. Raises
    FileMissing, UnreadableFile, or BadRecords for wrong keys, shapes or labels.
    """
    arrays = _load(path, task_name)
    reader = _Reader(path, schema, task_name, sum(len(images) for images, _ in arrays.values()), progress)
    for prefix, (images, labels) in arrays.items():
        reader.add(prefix, images, labels)
    return reader.loaded()


class _Reader:
    """Gathers the parts of one file."""

    def __init__(self, path: Path, schema: ImageSchema, task_name: str, total: int, progress: Progress | None) -> None:
        self.path, self.schema, self.task_name = path, schema, task_name
        self.total, self.progress, self.seen = total, progress, 0
        self.pixels: list[Pixels] = []
        self.targets: list[npt.NDArray[np.float64]] = []
        self.parts: list[npt.NDArray[np.str_]] = []
        self.problems: list[RowProblem] = []

    def add(self, prefix: str, images: Array, labels: Array) -> None:
        """Check and keep one part of the file."""
        self._check_shapes(prefix, images, labels)
        targets = self._class_numbers(prefix, labels)
        pixels = np.empty((len(images), self.schema.image_size, self.schema.image_size), dtype=np.uint8)
        usable = np.ones(len(images), dtype=np.bool_)
        for place, image in enumerate(images):
            try:
                pixels[place] = from_array(image, self.schema.image_size)
            except UnusableImage as problem:
                usable[place] = False
                self.problems.append(RowProblem(place + 1, f"{prefix}images", str(problem)))
            self._report()
        self.pixels.append(pixels if usable.all() else pixels[usable])
        self.targets.append(targets[usable])
        self.parts.append(np.full(int(usable.sum()), PARTS.get(prefix, "train")))

    def loaded(self) -> Loaded:
        """All parts together; raises BadRecords where no image is left."""
        target = np.concatenate(self.targets)
        if not len(target):
            reason = f"no image can be used; the first: {self.problems[0].reason}" if self.problems else "it is empty"
            raise self._bad(reason)
        split = np.concatenate(self.parts)
        records = Images(np.concatenate(self.pixels), target, split=split if len(np.unique(split)) > 1 else None)
        return Loaded(records, tuple(self.problems))

    def _check_shapes(self, prefix: str, images: Array, labels: Array) -> None:
        if images.ndim != 3 and not (images.ndim == 4 and images.shape[3] in (1, 3, 4)):
            raise self._bad(f"{prefix}images has shape {images.shape} where (n, H, W) or (n, H, W, 3) belongs")
        if labels.ndim not in (1, 2) or (labels.ndim == 2 and labels.shape[1] != 1):
            raise self._bad(f"{prefix}labels has shape {labels.shape} where (n, 1) or (n,) belongs: one label an image")
        if len(images) != len(labels):
            raise self._bad(f"{len(images)} {prefix}images but {len(labels)} {prefix}labels")

    def _class_numbers(self, prefix: str, labels: Array) -> npt.NDArray[np.float64]:
        classes = self.schema.target.classes
        if labels.dtype.kind not in "iufb":
            raise self._bad(f"{prefix}labels are of type {labels.dtype} where class numbers belong")
        numbers = labels.reshape(-1).astype(np.float64)
        strange = np.unique(numbers[~np.isin(numbers, np.arange(len(classes)))])
        if len(strange):
            found = ", ".join(f"{value:g}" for value in strange[:5])
            known = ", ".join(f"{number} {name}" for number, name in enumerate(classes))
            raise self._bad(f"{prefix}labels hold {found}, which the task does not have; its classes are {known}")
        return numbers

    def _report(self) -> None:
        self.seen += 1
        if self.progress:
            self.progress(self.seen, self.total)

    def _bad(self, reason: str) -> BadRecords:
        return BadRecords(path=self.path, task=self.task_name, reason=reason)


def _load(path: Path, task_name: str) -> dict[str, tuple[Array, Array]]:
    """Images and labels by prefix of their keys."""
    if not path.exists():
        raise FileMissing(path=path)
    if path.is_dir():
        raise UnreadableFile(path=path, reason="it is a folder where an .npz file belongs")
    try:
        with path.open("rb") as file, NpzFile(file, allow_pickle=False) as archive:
            _refuse_bombs(path, archive)
            prefixes = _prefixes(path, archive.files, task_name)
            return {prefix: (archive[f"{prefix}images"], archive[f"{prefix}labels"]) for prefix in prefixes}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, RuntimeError) as error:
        pickled = "allow_pickle" in str(error) or "pickled" in str(error)
        reason = (
            "it holds pickled objects, which could run code" if pickled else "it is not an .npz file, or is damaged"
        )
        raise UnreadableFile(path=path, reason=reason) from error


def _refuse_bombs(path: Path, archive: NpzFile) -> None:
    claimed = sum(member.file_size for member in archive.zip.infolist()) if archive.zip else 0
    if claimed > MOST_BYTES:
        raise UnreadableFile(path=path, reason=f"it unpacks to {claimed} bytes; at most {MOST_BYTES} are read")


def _prefixes(path: Path, keys: list[str], task_name: str) -> list[str]:
    prefixes = [prefix for prefix in PARTS if f"{prefix}images" in keys] or [""]
    missing = [f"{p}{kind}" for p in prefixes for kind in ("images", "labels") if f"{p}{kind}" not in keys]
    if missing or ("train_" not in prefixes and prefixes != [""]):
        there = ", ".join(keys[:12]) or "none"
        raise BadRecords(path=path, task=task_name, reason=f"its keys are {there}; needed are {NEEDED}")
    return prefixes
