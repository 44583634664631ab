"""Records for a consortium on one machine: the tasks' own synthetic ones, divided as a simulation divides them.

Rows keep the generator's order, so that a run over the nodes and a simulation with the same seed learn from the very
same records.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from fedcare.data.records import Images, Records, Table
    from fedcare.db.audit import Origin
    from fedcare.db.database import Database

SEED = 42
PATIENTS_TASK, IMAGES_TASK = "insurance-cost", "cancer-imaging"
FIVE, OTHERWISE = "hospitals", "dirichlet:1:{count}"
"""How records are divided: the five hospitals of the study, else as many uneven shares."""

_FIRST = {
    "female": ("Ada", "Amina", "Clara", "Fatima", "Hana", "Ingrid", "Lucía", "Mei", "Noor", "Priya", "Rosa", "Zofia"),
    "male": ("Ahmed", "Björn", "Carlos", "Dmitri", "Emeka", "Hiro", "Ivan", "João", "Luca", "Omar", "Pavel", "Rohan"),
}
_LAST = (
    *("Abebe", "Andersson", "Castillo", "Chen", "Cohen", "Diallo", "Fischer", "García", "Haddad", "Ivanova", "Jansen"),
    *("Kim", "Kowalska", "Lindqvist", "Mbeki", "Moreau", "Nguyen", "Okafor", "Patel", "Rossi", "Sato", "Silva"),
)
_BORN = 1_767_225_600_000  # Milliseconds since 1970 to 2026 began: ids are made as if a row came each of them.


@dataclass(frozen=True)
class Share:
    """One institution's part: rows of each task."""

    patients: Table
    images: Images


def shares(count: int, seed: int = SEED) -> dict[str, Share]:
    """What each of ``count`` institutions has, by its name; the same arguments give the same records."""
    patients, images = (_divided(task, count, seed) for task in (PATIENTS_TASK, IMAGES_TASK))
    return {name: Share(patients[name], images[name]) for name in patients}  # type: ignore[arg-type]


def seed_institution(
    database: Database, origin: Origin, institution_id: int, name: str, share: Share, home: Path, images: Path
) -> bool:
    """Store an institution's records where it has none yet; whether anything was stored.

    ``images`` is the folder of its image files, in that of all institutions' below ``home``. It happens whole or not at
    all: what an interrupted start left is written over.
    """
    from sqlalchemy import select

    from fedcare.db import audit
    from fedcare.db.database import Scope
    from fedcare.db.tables import imaging_studies, patients

    with database.transaction(Scope.of(institution_id)) as tx:
        if any(tx.execute(select(table.c.id).limit(1)).first() for table in (patients, imaging_studies)):
            return False
    paths = [file.relative_to(home).as_posix() for file in _write_images(share.images, images)]
    with database.transaction(Scope.of(institution_id)) as tx:
        _insert_patients(tx, institution_id, name, share.patients)
        _insert_studies(tx, institution_id, name, share.images, paths)
        audit.record(tx, origin, "patients.import", "patients", len(share.patients))
    return True


def _divided(task_name: str, count: int, seed: int) -> Mapping[str, Records]:
    from fedcare.data.partition import HOSPITALS, divide
    from fedcare.tasks.loading import from_origin
    from fedcare.tasks.registry import get

    task = get(task_name)
    records = from_origin(task, seed).records
    how = FIVE if count == len(HOSPITALS) else OTHERWISE.format(count=count)
    return {name: records.take(rows) for name, rows in divide(records, how, task.kind, seed).items()}


# -- patients ---------------------------------------------------------------------------------------------------------


def _insert_patients(tx: Connection, institution_id: int, name: str, table: Table) -> None:
    from sqlalchemy import func, insert

    from fedcare.db.tables import patients

    rows = [row | {"institution_id": institution_id} for row in _patients(name, table)]
    tx.execute(insert(patients).values(cost_recorded_at=func.now()), rows)


def _patients(institution: str, table: Table) -> Iterator[dict[str, Any]]:
    from fedcare.gateway.patients.names import fold

    words = {name: values.astype(str) for name, values in table.groups.items()}
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(institution.encode()).digest()[:8], "big"))
    for row in range(len(table)):
        sex = str(words["sex"][row])
        first, last = str(rng.choice(_FIRST[sex])), str(rng.choice(_LAST))
        yield {
            "id": _id(institution, "patient", row),
            "first_name": first,
            "last_name": last,
            "first_folded": fold(first),
            "last_folded": fold(last),
            "age": int(table.numeric["age"][row]),
            "sex": sex,
            "bmi": float(table.numeric["bmi"][row]),
            "children": int(table.numeric["children"][row]),
            "smoker": str(words["smoker"][row]),
            "region": str(words["region"][row]),
            "insurance_cost": float(table.target[row]),
        }


# -- images -----------------------------------------------------------------------------------------------------------


def _write_images(images: Images, folder: Path) -> Iterator[Path]:
    """Each image as a grey PNG, which loses nothing; in order."""
    from PIL import Image

    from fedcare.trust.files import private_folder

    place = folder / IMAGES_TASK
    for each in (folder.parent, folder, place):
        private_folder(each)
    for number, pixels in enumerate(images.pixels):
        file = place / f"{number:05}.png"
        part = file.with_suffix(".part")
        Image.fromarray(pixels).save(part, format="PNG")
        part.rename(file)
        yield file


def _insert_studies(tx: Connection, institution_id: int, name: str, images: Images, paths: Sequence[str]) -> None:
    from sqlalchemy import insert

    from fedcare.db.tables import imaging_studies
    from fedcare.tasks.registry import get

    classes = get(IMAGES_TASK).records.target.classes
    rows = [
        {
            "institution_id": institution_id,
            "id": _id(name, "image", number),
            "path": path,
            "label": classes[int(images.target[number])],
        }
        for number, path in enumerate(paths)
    ]
    tx.execute(insert(imaging_studies), rows)


def _id(*parts: str | int) -> UUID:
    """A UUID of version 7 that is always the same for the same row, and larger for each next one."""
    row = parts[-1]
    assert isinstance(row, int)
    random = int.from_bytes(hashlib.sha256(json.dumps(parts).encode()).digest()[:10], "big")
    value = (_BORN + row) << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & ((1 << 62) - 1)
    return UUID(int=value)
