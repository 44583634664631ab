"""The run under attack: its plan, its records, found again, and the model it ended in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedcare.errors import NothingToAudit, UnknownRun
from fedcare.federation.run_folder import RUN, STUDY, read_json
from fedcare.federation.study import Study, design
from fedcare.registry.version import Version, read_version

ELSEWHERE = (
    "it was trained over real institutions, whose records are not on this machine. An audit attacks the model from "
    "beside the records: simulate the plan on a copy of records, and audit that run."
)
UNFINISHED = "it has not come to its end. Finish it with --resume."
OTHERS = "its records are not those it was trained on. Put the data back, or name where it lies now with --data."
OLDER = "it was made by an older FedCare, which did not note where its records lie. Run it once more."


@dataclass(frozen=True)
class Target:
    """A finished simulation: its folder, the study it was made of, and its model version."""

    folder: Path
    study: Study
    version: Version


def find(root: Path, run: str, data: Path | None = None) -> Target:
    """The run of that name under ``root``, or in that folder; ``data`` is where its records lie now, if they moved.

    Raises UnknownRun, NothingToAudit, UnreadableFile, and the errors of tasks, records and versions.
    """
    folder = next((each for each in (root / run, Path(run)) if run and _is_run(each)), None)
    if folder is None:
        raise UnknownRun(run=run, root=root)
    if not (folder / STUDY).is_file():
        raise NothingToAudit(run=run, reason=ELSEWHERE)
    if not (folder / RUN).is_file():
        raise NothingToAudit(run=run, reason=UNFINISHED)
    return Target(folder, _study(run, read_json(folder / STUDY), data), read_version(folder))


def _is_run(folder: Path) -> bool:
    """Whether it is a simulation's folder, or a coordinator's, which holds a plan and no study."""
    return any((folder / file).is_file() for file in (STUDY, RUN, "plan.json"))


def _study(run: str, mark: dict[str, Any], data: Path | None) -> Study:
    source = mark.get("source")
    if not source:
        raise NothingToAudit(run=run, reason=OLDER)
    where = data or (Path(source["data"]) if source["data"] else None)
    study = design(source["task"], where, mark["partition"], source["settings"], int(mark["plan"]["seed"]))
    if study.plan.hash != mark["plan_hash"]:
        raise NothingToAudit(run=run, reason="its task or FedCare's own settings are others now. Run it once more.")
    if study.fingerprint != mark["records"]:
        raise NothingToAudit(run=run, reason=OTHERS)
    return study
