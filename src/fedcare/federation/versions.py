"""The weights of a finished run as a model version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fedcare.data.preprocessing import Preprocessing, preprocessing_from_json
from fedcare.federation.coordinator import Outcome
from fedcare.models.build import build
from fedcare.models.vector import load_vector
from fedcare.plan import TrainingPlan
from fedcare.registry.onnx_graph import export
from fedcare.registry.version import Version, write_version
from fedcare.tasks.size import feature_count
from fedcare.tasks.spec import Task
from fedcare.training.calibration import Calibration
from fedcare.update import Manifest, Vector

FIGURES = ("metrics", "judged_on", "threshold", "best_round", "metric", "unit", "institutions", "privacy")


def store_outcome(
    directory: Path, plan: TrainingPlan, outcome: Outcome, summary: Mapping[str, Any], lineage: Mapping[str, Any]
) -> Version:
    """The version that a federation's run ended in; ``lineage`` adds where it ran. Raises StorageFull."""
    state, institutions = outcome.state, summary["institutions"]
    figures = {**summary, "institutions": {name: each["metrics"] for name, each in institutions.items()}}
    whole = {
        "rounds": state.round,
        "best_round": state.best_round,
        "strategy": plan.strategy.name,
        "institutions": {name: each.get("examples") for name, each in institutions.items()},
        **lineage,
    }
    task, preprocessing = Task.model_validate(plan.task), preprocessing_from_json(state.preprocessing)
    known = outcome.calibration
    return store_version(directory, task, plan, preprocessing, outcome.manifest, state.best, figures, whole, known)


def store_version(
    directory: Path,
    task: Task,
    plan: TrainingPlan,
    preprocessing: Preprocessing,
    manifest: Manifest,
    vector: Vector,
    summary: Mapping[str, Any],
    lineage: Mapping[str, Any],
    calibration: Calibration | None = None,
) -> Version:
    """Write weights, graph, preprocessing, plan, figures and calibration to ``directory``; raises StorageFull."""
    model = build(task.model, feature_count(task), max(1, len(task.records.target.classes)), plan.seed)
    load_vector(model, vector)
    graph = export(model, preprocessing, task.kind)
    figures = {key: summary[key] for key in FIGURES if key in summary}
    return write_version(directory, task, plan, preprocessing, manifest, vector, graph, figures, lineage, calibration)
