"""Whether the 90% interval covers 90% of new rows: insurance.csv, overall, for smokers and for non-smokers.

Protocol: the folds of ``benchmarks.insurance`` (four institutions by region; five splits, five repeats, stratified by
region). Of each fold the 80% is an ordinary federated study, from which the product makes a model version with
everything that ``fedcare simulate`` stores; the version is read back, and a ``Predictor`` made of it predicts the other
20% from their texts, as the gateway would. A row counts as covered when its charges lie within the interval. The
held-out rows chose nothing: neither the weights, the round, the feature that the widths depend on, nor the widths.

Reading: the share of all held-out rows of all folds that were covered. One fold holds about 55 smokers, and its widths
rest on about 44 validation rows of smokers, so a single fold's share for smokers may well lie some points off.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.insurance import PARTITION, folds
from benchmarks.output import emit, parser, progress, table
from benchmarks.running import run_study, study_of
from fedcare.cli.options import parse_settings
from fedcare.data.preprocessing import preprocessing_from_json
from fedcare.data.records import Records, Table
from fedcare.data.schema import TableSchema
from fedcare.federation.coordinator import Outcome
from fedcare.federation.study import Study
from fedcare.federation.versions import store_version
from fedcare.registry.version import ONNX, Version
from fedcare.serving.answers import Prediction
from fedcare.serving.predictor import Predictor
from fedcare.tasks.loading import load
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get
from fedcare.training.intervals import Intervals

TARGET = (0.88, 0.92)
GROUPS = ("overall", "smokers", "non-smokers")


def measure(settings: dict[str, str], count: int, seed: int, engine: str | None) -> dict[str, Any]:
    """Covered and held-out rows by group, and the mean width of their intervals."""
    task = apply(get("insurance-cost"), settings)
    records = load(task, data.require(data.INSURANCE), seed, PARTITION).records
    rows, covered, widths = Counter[str](), Counter[str](), Counter[str]()
    by_fold: list[dict[str, float]] = []
    features: Counter[str] = Counter()
    for number, marked in enumerate(folds(records, count), 1):
        started = time.perf_counter()
        study = study_of(task, marked, PARTITION, seed)
        version = version_of(study, run_study(study, engine))
        assert isinstance(version.calibration, Intervals)
        features[version.calibration.feature or "(none)"] += 1
        inside, width, smoker = predicted(version, _held_out(marked))
        shares = {}
        for name, members in zip(GROUPS, (np.ones_like(smoker), smoker, ~smoker), strict=True):
            rows[name] += int(members.sum())
            covered[name] += int(inside[members].sum())
            widths[name] += float(width[members].sum())  # type: ignore[assignment]
            shares[name] = float(inside[members].mean())
        by_fold.append(shares)
        told = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
        progress(f"fold {number:2d}: {told}, {time.perf_counter() - started:.1f} s")
    found = {
        name: {
            "rows": rows[name],
            "coverage": covered[name] / rows[name],
            "std_of_folds": float(np.std([fold[name] for fold in by_fold])),
            "mean_width": widths[name] / rows[name],
        }
        for name in GROUPS
    }
    return {"benchmark": "coverage", "settings": settings, "seed": seed, "folds": len(by_fold)} | {
        "groups": found,
        "grouped_by": dict(features),
    }


def version_of(study: Study, outcome: Outcome) -> Version:
    """The outcome stored as the product stores it, and read back."""
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    folder = Path(tempfile.mkdtemp(prefix="fedcare-coverage-")) / "model"
    summary = {"metrics": outcome.judgement.metrics, "judged_on": outcome.judged_on}
    return store_version(
        folder,
        study.task,
        study.plan,
        preprocessing,
        outcome.manifest,
        outcome.state.best,
        summary,
        {"rounds": outcome.state.round},
        outcome.calibration,
    )


def predicted(version: Version, held_out: Table) -> tuple[Any, Any, Any]:
    """Of each held-out row whether its charges lie within the interval, the interval's width, and who smokes."""
    graph = version.content(ONNX)
    predictor = Predictor(graph, version.task, version.preprocessing, version.threshold, version.calibration)
    rows, regions = _features(version.task.records, held_out), held_out.groups["region"].tolist()
    inside, width = [], []
    for row, region, charges in zip(rows, regions, held_out.target.tolist(), strict=True):
        answer = predictor.predict(row, region)
        if not isinstance(answer, Prediction) or answer.low is None or answer.high is None:
            sys.exit("a held-out row got no interval")
        inside.append(answer.low <= charges <= answer.high)
        width.append(answer.high - answer.low)
    smoker = np.array([row["smoker"] == "yes" for row in rows])
    return np.array(inside), np.array(width), smoker


def _held_out(records: Records) -> Table:
    assert isinstance(records, Table) and records.split is not None
    return records.take(np.flatnonzero(records.split == "test"))


def _features(schema: Any, rows: Table) -> list[dict[str, object]]:
    """The rows as somebody would send them."""
    assert isinstance(schema, TableSchema)
    columns: dict[str, list[object]] = {each.name: rows.numeric[each.name].tolist() for each in schema.numeric}
    for each in schema.categorical:
        columns[each.name] = [each.categories[place] if place >= 0 else "" for place in rows.categorical[each.name]]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def report(result: dict[str, Any]) -> str:
    """One line a group."""
    rows = [["insurance.csv, held-out rows", "rows", "covered", "+- by fold", "mean width", "88 to 92%"]]
    for name, found in result["groups"].items():
        met = "met" if TARGET[0] <= found["coverage"] <= TARGET[1] else "missed"
        figures = [f"{found['coverage']:.2%}", f"{found['std_of_folds']:.2%}", f"{found['mean_width']:,.0f}"]
        rows.append([name, str(found["rows"]), *figures, met])
    chosen = ", ".join(f"{name} in {count}" for name, count in result["grouped_by"].items())
    return f"{table(rows)}\n{result['folds']} folds; widths depend on: {chosen}"


def main() -> None:
    """Run the folds and print."""
    line = parser(__doc__)
    line.add_argument("--folds", type=int, default=25, help="only the first so many folds")
    line.add_argument("--engine", help="batched (chosen by itself) or inprocess")
    options = line.parse_args()
    result = measure(parse_settings(options.set), options.folds, options.seed, options.engine)
    emit(result, report(result), options.json)


if __name__ == "__main__":
    main()
