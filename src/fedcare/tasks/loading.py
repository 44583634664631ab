"""Where a task's records come from: the user's file or folder, or the task's own origin."""

from __future__ import annotations

from pathlib import Path

from fedcare.data.records import Loaded
from fedcare.data.schema import ImageSchema, TableSchema
from fedcare.errors import BadRecords, BadTaskFile, FileMissing, MissingData, TooFewInstitutions, UnreadableFile
from fedcare.tasks.spec import Task

BY_COLUMN = "by:"
_TABLE_ENDINGS = (".csv.gz", ".csv", ".tsv", ".txt")
_ARCHIVE_ENDING = ".npz"


def load(task: Task, path: str | Path | None, seed: int, partition: str | None = None) -> Loaded:
    """The task's records: from ``path``, or where none is given from the task's origin.

    ``seed`` decides what a generator makes. A table's row that lacks the value of the column by which ``partition``
    (None: the task's own) divides is a bad row. Raises ``MissingData`` where there is neither, the sources' errors, and
    ``BadRecords`` where no row at all is usable.
    """
    if path is None:
        return from_origin(task, seed)
    loaded = read(task, path, partition)
    require_usable(loaded, task, path)
    return loaded


def load_institutions(task: Task, folder: str | Path, seed: int = 0) -> dict[str, Loaded]:
    """One institution a file (or, for images, a sub-folder) of ``folder``, named after it, in order of name.

    Raises ``TooFewInstitutions`` where there are fewer than two.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileMissing(path=folder)
    if not folder.is_dir():
        raise UnreadableFile(path=folder, reason="one file per institution asks for a folder that holds the files")
    places = _places(task, folder)
    if len(places) < 2:
        kind = "npz files or sub-folders" if isinstance(task.records, ImageSchema) else "csv files"
        raise TooFewInstitutions(found=len(places), needed=2, hint=f"One is made of each of the {kind} in {folder}.")
    return {name: load(task, place, seed, partition="files") for name, place in places.items()}


def read(task: Task, path: str | Path, partition: str | None = None) -> Loaded:
    """The records of a file or folder, with every bad row; there may be no usable one."""
    path = Path(path)
    if isinstance(task.records, TableSchema):
        from fedcare.data.sources.csv_table import read_table

        return read_table(path, task.records, task.name, _dividing_column(partition or task.partition))
    if path.is_dir():
        from fedcare.data.sources.image_folder import read_folder

        return read_folder(path, task.records, task.name)
    from fedcare.data.sources.npz import read_npz

    return read_npz(path, task.records, task.name)


def from_origin(task: Task, seed: int) -> Loaded:
    """The records that a task has of its own: generated from ``seed``, or shipped with scikit-learn."""
    if task.origin is None:
        raise MissingData(task=task.name)
    if isinstance(task.records, ImageSchema):
        return _generated_images(task, task.records, seed)
    if task.origin == "synthetic-insurance":
        from fedcare.data.sources.synthetic_insurance import generate

        return generate(task.synthetic.num_samples, seed)
    from fedcare.data.sources import bundled

    if task.origin == "sklearn:breast_cancer":
        return bundled.breast_cancer(task.records)
    if task.origin == "sklearn:diabetes":
        return bundled.diabetes(task.records)
    raise _unknown_origin(task)


def require_usable(loaded: Loaded, task: Task, path: str | Path) -> None:
    """Raise ``BadRecords`` where every row was bad, naming the first."""
    if len(loaded.records) > 0:
        return
    reason = "no row is usable"
    if loaded.problems:
        first = loaded.problems[0]
        reason += f"; the first problem of {len(loaded.problems)}: line {first.line}, {first.column}: {first.reason}"
    raise BadRecords(path=path, task=task.name, reason=reason)


def _generated_images(task: Task, schema: ImageSchema, seed: int) -> Loaded:
    if task.origin != "synthetic-images":
        raise _unknown_origin(task)
    from fedcare.data.sources.synthetic_images import generate

    return generate(task.synthetic.num_samples, schema.image_size, task.synthetic.pos_ratio, seed)


def _unknown_origin(task: Task) -> BadTaskFile:
    return BadTaskFile(path=task.name, reason=f"nothing gives the records of its origin {task.origin!r}")


def _dividing_column(partition: str) -> str | None:
    return partition.removeprefix(BY_COLUMN) if partition.startswith(BY_COLUMN) else None


def _places(task: Task, folder: Path) -> dict[str, Path]:
    images = isinstance(task.records, ImageSchema)
    places: dict[str, Path] = {}
    for place in sorted(folder.iterdir()):
        ending = next((end for end in _TABLE_ENDINGS if place.name.lower().endswith(end)), None)
        if images:
            fits, name = _is_images(place), place.name if place.is_dir() else place.stem
        else:
            fits, name = ending is not None and place.is_file(), place.name[: -len(ending or "")]
        if not fits or place.name.startswith("."):
            continue
        if name in places:
            raise BadRecords(path=folder, task=task.name, reason=f"two files are of the institution {name!r}")
        places[name] = place
    return places


def _is_images(place: Path) -> bool:
    return place.is_dir() or place.suffix.lower() == _ARCHIVE_ENDING
