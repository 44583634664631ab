"""A run's folder: claimed at the start, so that nothing is overwritten and only the same study is resumed."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fedcare.aggregation.checkpoint import replace_file
from fedcare.errors import BadOutput, NothingToResume, PlanChanged, RunExists, StorageFull, UnreadableFile
from fedcare.federation.engines import Engine
from fedcare.federation.study import Study

STUDY, RUN, REPORT, MODEL = "study.json", "run.json", "report.html", "model"


def name_for(task: str) -> str:
    """A new run's folder name: the task and the time, to the second, UTC."""
    return f"{task}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def claim(folder: Path, study: Study, engine: Engine, resume: bool) -> None:
    """Make the folder this study's, or check that it already is.

    Raises RunExists, NothingToResume, or PlanChanged with what differs.
    """
    mark = {
        "task": study.task.name,
        "plan": study.plan.model_dump(mode="json"),
        "plan_hash": study.plan.hash,
        "partition": study.partition,
        "engine": engine,
        "records": study.fingerprint,
        "source": dict(study.source),
    }
    path = folder / STUDY
    if not resume:
        if path.exists():
            raise RunExists(out=folder)
        make(folder)
        write_json(path, mark)
    elif not path.exists():
        raise NothingToResume(out=folder)
    elif different := _difference(read_json(path), mark):
        raise PlanChanged(out=folder, difference=different)


def make(folder: Path) -> None:
    """Make a folder for results; raises BadOutput, or StorageFull on a full disk."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise BadOutput(out=folder, reason="it is a file") from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(path=folder, reason="the disk is full") from error
        raise BadOutput(out=folder, reason=error.strerror or "the system refuses") from error


def write_text(path: Path, text: str) -> None:
    """Put a text in its place in one step: nobody finds half of it."""
    replace_file(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def latest_unfinished(root: Path, study: Study) -> Path:
    """The newest folder under ``root`` that holds an unfinished run of this plan; raises NothingToResume."""
    for path in sorted(root.glob(f"{study.task.name}-*/{STUDY}"), reverse=True):
        if not (path.parent / RUN).exists() and read_json(path).get("plan_hash") == study.plan.hash:
            return path.parent
    raise NothingToResume(out=root)


def finished(folder: Path) -> dict[str, Any] | None:
    """The result of a run that had already come to its end."""
    path = folder / RUN
    return read_json(path) if path.exists() else None


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write JSON in one step; raises StorageFull."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read what ``write_json`` wrote; raises UnreadableFile."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableFile(path=path, reason="it is not the JSON that FedCare wrote") from error
    return dict(value)


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What differs, in words; empty when nothing does."""
    if old.get("plan") != new["plan"]:
        changed = _changed(old.get("plan", {}), new["plan"])
        return f"{', '.join(changed[:5])} changed"
    words = {"partition": "another partition", "engine": "another engine", "records": "other records"}
    return ", ".join(word for key, word in words.items() if old.get(key) != new[key])


def _changed(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    names = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            names += _changed(before, after, f"{prefix}{key}.")
        elif before != after:
            names.append(f"{prefix}{key}")
    return names
