"""Images from a folder per class: ``cancer/a.png``, ``normal/b.jpg``; or with parts above: ``train/cancer/a.png``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fedcare.data.records import Images, Loaded, RowProblem
from fedcare.data.schema import ImageSchema
from fedcare.data.sources.grey import SUFFIXES, UnusableImage, decode
from fedcare.errors import BadRecords, FileMissing, UnreadableFile

Progress = Callable[[int, int], None]

# Names of folders that say which part their images belong to.
PARTS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True)
class _Found:
    """An image file, its class number and the part it belongs to."""

    path: Path
    label: int
    part: str


def read_folder(path: Path, schema: ImageSchema, task_name: str, progress: Progress | None = None) -> Loaded:
    """Read every PNG and JPEG, turned grey and resized to the schema's size; class folders match in any case.

    A file that cannot be used becomes a problem: its line is its place in the sorted list of files, from 1, and its
    column its name below the folder. ``progress`` hears of files done and in all. Raises FileMissing,
    UnreadableFile for a path that is no folder, and BadRecords for folders that are no class or hold no usable image.
    """
    found = _list(path, schema, task_name)
    pixels = np.empty((len(found), schema.image_size, schema.image_size), dtype=np.uint8)
    usable = np.ones(len(found), dtype=np.bool_)
    problems = []
    for place, item in enumerate(found):
        try:
            pixels[place] = decode(item.path, schema.image_size)
        except UnusableImage as problem:
            usable[place] = False
            problems.append(RowProblem(place + 1, item.path.relative_to(path).as_posix(), str(problem)))
        if progress:
            progress(place + 1, len(found))
    if not usable.any():
        reason = f"none of its {len(found)} images can be used; {problems[0].column}: {problems[0].reason}"
        raise BadRecords(path=path, task=task_name, reason=reason)
    return Loaded(_records(found, pixels, usable), tuple(problems))


def _records(found: list[_Found], pixels: npt.NDArray[np.uint8], usable: npt.NDArray[np.bool_]) -> Images:
    split = np.array([item.part for item in found])[usable]
    return Images(
        pixels=pixels if usable.all() else pixels[usable],
        target=np.array([item.label for item in found], dtype=np.float64)[usable],
        split=split if len(np.unique(split)) > 1 else None,
    )


def _list(path: Path, schema: ImageSchema, task_name: str) -> list[_Found]:
    """Every image file in a fixed order, whatever order the file system gives."""
    if not path.exists():
        raise FileMissing(path=path)
    if not path.is_dir():
        raise UnreadableFile(path=path, reason="it is a file where a folder of images belongs")
    found = [item for part, folder in _parts(path) for item in _of_part(folder, part, path, schema, task_name)]
    if not found:
        expected = ", ".join(f"{name}/" for name in schema.target.classes)
        reason = f"it holds no PNG or JPEG image; a folder per class is expected: {expected}"
        raise BadRecords(path=path, task=task_name, reason=reason)
    return found


def _parts(path: Path) -> Iterator[tuple[str, Path]]:
    folders = _folders(path)
    named = [(PARTS[folder.name.casefold()], folder) for folder in folders if folder.name.casefold() in PARTS]
    yield from named if named else [("train", path)]


def _of_part(folder: Path, part: str, root: Path, schema: ImageSchema, task_name: str) -> Iterator[_Found]:
    numbers = {name.casefold(): number for number, name in enumerate(schema.target.classes)}
    for class_folder in _folders(folder):
        if class_folder.name.casefold() not in numbers:
            known = ", ".join(schema.target.classes)
            reason = f"the folder {class_folder.relative_to(root).as_posix()} is none of the task's classes ({known})"
            raise BadRecords(path=root, task=task_name, reason=reason)
        files = sorted(file for file in class_folder.rglob("*") if _is_image(file))
        yield from (_Found(file, numbers[class_folder.name.casefold()], part) for file in files)


def _folders(path: Path) -> list[Path]:
    return sorted(item for item in path.iterdir() if item.is_dir() and not item.name.startswith((".", "__")))


def _is_image(file: Path) -> bool:
    return file.suffix.casefold() in SUFFIXES and not file.name.startswith(".") and file.is_file()
