"""Runs and model versions under one folder: finding and listing them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fedcare.errors import FedCareError, UnknownModel, UnknownRun, UnreadableFile
from fedcare.registry.version import IN_RUN, MANIFEST, Version, read_version

# A run's folder holds the first file from its start and the second from its end.
STARTED, FINISHED = "study.json", "run.json"


def list_runs(root: Path) -> list[dict[str, Any]]:
    """Every run under ``root`` in order of name, in short; a run whose files are damaged says so in its status."""
    return [_short(folder) for folder in _folders(root) if _is_run(folder)]


def show_run(root: Path, run: str) -> dict[str, Any]:
    """Everything stored about a run, named by its folder's name or its path; raises UnknownRun, UnreadableFile."""
    folder = next((each for each in (root / run, Path(run)) if run and _is_run(each)), None)
    if folder is None:
        raise UnknownRun(run=run, root=root)
    if (folder / FINISHED).is_file():
        return {"name": folder.name, "path": str(folder)} | _json(folder / FINISHED)
    return {"name": folder.name, "path": str(folder), "status": "unfinished"} | _json(folder / STARTED)


def list_models(root: Path) -> list[dict[str, Any]]:
    """Every model version under ``root`` in short, verified; a damaged one says why in its status."""
    places = [place for folder in _folders(root) for place in (folder, folder / IN_RUN)]
    return [_described(place) for place in places if (place / MANIFEST).is_file()]


def find_model(root: Path, model: str) -> Version:
    """A version by its path, its run's name or path, or its own name; raises UnknownModel, CorruptModel."""
    for place in (Path(model), root / model):
        if model and any((folder / MANIFEST).is_file() for folder in (place, place / IN_RUN)):
            return read_version(place)
    named = next((each for each in list_models(root) if each["name"] == model), None)
    if named is None:
        raise UnknownModel(path=model)
    return read_version(Path(named["path"]))


def _short(folder: Path) -> dict[str, Any]:
    try:
        run = show_run(folder.parent, folder.name)
    except FedCareError as error:
        return {"name": folder.name, "path": str(folder), "status": f"damaged: {error}"}
    metric = run.get("metric")
    return {
        "name": folder.name,
        "path": str(folder),
        "status": run.get("status", "completed"),
        "task": run.get("task"),
        "strategy": run.get("strategy") or run.get("plan", {}).get("strategy", {}).get("name"),
        "rounds": run.get("rounds"),
        "institutions": len(run.get("institutions", {})) or None,
        "metric": metric,
        "value": run.get("metrics", {}).get(metric),
        "seconds": run.get("seconds"),
    }


def _described(place: Path) -> dict[str, Any]:
    run = place.parent.name if place.name == IN_RUN else place.name
    try:
        version = read_version(place)
    except FedCareError as error:
        return {"name": None, "run": run, "path": str(place), "status": f"damaged: {error}"}
    metric = version.metrics.get("metric") or version.task.deciding_metric
    return {
        "name": version.name,
        "run": run,
        "path": str(place),
        "status": "verified",
        "task": version.task.name,
        "created": version.created,
        "metric": metric,
        "value": version.metrics.get("metrics", {}).get(metric),
    }


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return sorted(folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _is_run(folder: Path) -> bool:
    return (folder / STARTED).is_file() or (folder / FINISHED).is_file()


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableFile(path=path, reason="it is not the JSON that FedCare wrote") from error
    if not isinstance(value, dict):
        raise UnreadableFile(path=path, reason="it is not the JSON that FedCare wrote")
    return value
