"""Runs as ``simulate`` leaves them, made by formula so that a reader sees where each figure comes from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import pytest

Run = dict[str, Any]
HOSPITALS = {
    "Urban Hospital": 30,
    "Rural Clinic": 15,
    "Children's Hospital": 10,
    "Cancer Center": 25,
    "General Hospital": 20,
}
REGIONS = {"northeast": 24, "northwest": 24, "southeast": 28, "southwest": 24}


def wobble(*parts: object) -> float:
    """A number in -1..1 that looks random and is always the same."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**31 - 1


def learning(first: float, last: float, speed: float, round_number: int) -> float:
    return last + (first - last) * math.exp(-speed * (round_number - 1))


def binary_metrics(auc: float) -> dict[str, float]:
    return {
        "loss": 0.69 - 1.1 * (auc - 0.5),
        "accuracy": auc - 0.06,
        "auc": auc,
        "sensitivity": auc - 0.04,
        "specificity": auc - 0.09,
        "brier": 0.25 - 0.38 * (auc - 0.5),
    }


def regression_metrics(r2: float) -> dict[str, float]:
    return {"loss": 0.5 * (1 - r2), "mse": 1.46e8 * (1 - r2), "mae": 9100 * (1 - r2) ** 0.65, "r2": r2}


def multiclass_metrics(accuracy: float) -> dict[str, float]:
    return {"loss": 1.4 - accuracy, "accuracy": accuracy, "auc": 0.5 + accuracy / 2, "brier": 0.9 - 0.8 * accuracy}


def history(
    names: list[str], rounds: int, metrics: Callable[[float], dict[str, float]], ends: tuple[float, float], size: int
) -> list[Run]:
    entries = []
    for number in range(1, rounds + 1):
        value = learning(*ends, 0.55, number)
        entries.append(
            {
                "round": number,
                "metrics": metrics(value + 0.004 * wobble("pooled", number)),
                "institutions": {
                    name: metrics(min(0.995, value + 0.03 * wobble(name) + 0.012 * wobble(name, number)))
                    for name in names
                },
                "train_loss": learning(0.66, 0.12, 0.5, number),
                "participants": {name: 100 + 10 * place for place, name in enumerate(names)},
                "dropped": {},
                "seconds": 2.1 + 0.3 * wobble("time", number),
                "bytes_sent": size * len(names),
                "bytes_received": size * len(names),
            }
        )
    return entries


def identity(task: str, title: str, kind: str, metric: str, unit: str, rounds: int) -> Run:
    return {
        "task": task,
        "title": title,
        "kind": kind,
        "unit": unit,
        "metric": metric,
        "engine": "inprocess",
        "strategy": "fedavg",
        "seed": 42,
        "plan_hash": hashlib.sha256(task.encode()).hexdigest(),
        "partition": "hospitals",
        "status": "completed",
        "rounds": rounds,
        "model_dir": f"models/{task}",
    }


def roc_points(count: int = 60) -> dict[str, list[float]]:
    fpr = [(place / (count - 1)) ** 3 for place in range(count)]
    return {"fpr": fpr, "tpr": [value**0.0372 for value in fpr]}


@pytest.fixture
def binary_run() -> Run:
    """Images at five hospitals, compared with training alone; one answer was dropped and one hospital not sampled."""
    names = list(HOSPITALS)
    run = identity("cancer-imaging", "Cancer in grey images", "binary", "auc", "", 10)
    entries = history(names, 10, binary_metrics, (0.61, 0.966), 44_700_000)
    del entries[2]["participants"]["Rural Clinic"]
    entries[2]["dropped"] = {"Rural Clinic": "its update holds NaN in layer1.0.conv1.weight"}
    del entries[5]["participants"]["Children's Hospital"]
    institutions = {
        name: {
            "examples": 40 * share,
            "validation_examples": 10 * share,
            "test_examples": 6 * share,
            "metrics": binary_metrics(0.966 + 0.02 * wobble("final", name)),
            "weight": share / 100,
            "distribution": {"labels": ["normal", "cancer"], "counts": [30 * share + 40, 10 * share - 40]},
        }
        for name, share in HOSPITALS.items()
    }
    local = {
        name: {
            "own": binary_metrics(0.955 if name == "Urban Hospital" else 0.93 + 0.045 * wobble("own", name)),
            "pooled": binary_metrics(0.90 + 0.03 * wobble("everybody", name)),
        }
        for name in names
    }
    return run | {
        "best_round": 9,
        "judged_on": "test",
        "threshold": 0.412,
        "metrics": binary_metrics(0.9655),
        "institutions": institutions,
        "history": entries,
        "convergence": {"rounds_to_95_percent": 6, "gain_per_round": 0.0437},
        "curves": {"roc": roc_points()},
        "compare": {"local": local, "pooled": binary_metrics(0.971)},
        "timings": {"prepare": 3.2, "train": 81.5, "evaluate": 9.1, "compare": 64.0, "report": 0.9},
        "bytes": {"sent": 2_235_000_000, "received": 2_190_300_000},
        "plan": {
            "local": {"epochs": 1, "lr": 0.001},
            "rounds": {"rounds": 10},
            "strategy": {"name": "fedavg", "options": {}},
        },
        "seconds": 161.4,
    }


@pytest.fixture
def regression_run() -> Run:
    """Insurance costs in dollars over four regions, judged on validation rows, without a comparison."""
    names = list(REGIONS)
    run = identity("insurance-cost", "Medical insurance cost", "regression", "r2", "$", 20)
    centers = [1000 + 1600 * place for place in range(40)]
    counts = [[round(30 * math.exp(-abs(i - j) / 1.5 - i / 12)) for j in range(40)] for i in range(40)]
    bins = [f"{low} to {low + 10440}" for low in range(1122, 62000, 10440)]
    institutions = {
        name: {
            "examples": round(10.7 * share),
            "validation_examples": round(2.7 * share),
            "test_examples": 0,
            "metrics": regression_metrics(0.86 + 0.03 * wobble("final", name)),
            "weight": share / 100,
            "distribution": {
                "labels": bins,
                "counts": [
                    round(share * (1 + 0.2 * wobble(name, b)) * w)
                    for b, w in zip(bins, (7, 3, 1.2, 0.8, 0.7, 0.1), strict=True)
                ],
            },
        }
        for name, share in REGIONS.items()
    }
    return run | {
        "best_round": 17,
        "judged_on": "validation",
        "threshold": None,
        "partition": "by:region",
        "engine": "batched",
        "metrics": regression_metrics(0.861),
        "institutions": institutions,
        "history": history(names, 20, regression_metrics, (0.05, 0.862), 52_000),
        "convergence": {"rounds_to_95_percent": 7, "gain_per_round": 0.0478},
        "curves": {"predicted_vs_actual": {"actual": centers, "predicted": centers, "counts": counts}},
        "timings": {"prepare": 0.4, "train": 7.6, "report": 0.6},
        "bytes": {"sent": 4_160_000, "received": 4_160_000},
        "seconds": 8.9,
    }


@pytest.fixture
def minimal_run() -> Run:
    """One round whose validation rows hold a single class: no AUC, no curve, no comparison, hardly a figure."""
    return {
        "task": "opt-out",
        "kind": "binary",
        "metric": "auc",
        "rounds": 1,
        "judged_on": "validation",
        "metrics": {"accuracy": 1.0, "loss": float("nan")},
        "institutions": {"1": {"examples": 3, "metrics": {"accuracy": 1.0}}, "2": {"examples": 4, "metrics": {}}},
        "history": [{"round": 1, "metrics": {"accuracy": 1.0}, "participants": {"1": 3, "2": 4}}],
    }


@pytest.fixture
def multiclass_run() -> Run:
    """Three classes at fourteen clinics: more institutions than colours."""
    names = [f"Clinic {letter}" for letter in "ABCDEFGHIJKLMN"]
    run = identity("tissue-type", "Tissue type", "multiclass", "accuracy", "", 6)
    institutions = {
        name: {
            "examples": 80 + 15 * place,
            "validation_examples": 20 + 3 * place,
            "metrics": multiclass_metrics(0.88 + 0.05 * wobble("final", name)),
            "weight": (80 + 15 * place) / sum(80 + 15 * p for p in range(14)),
            "distribution": {
                "labels": ["muscle", "fat", "gland"],
                "counts": [50 + 6 * place, 30 + 5 * place, 4 * place],
            },
        }
        for place, name in enumerate(names)
    }
    roc = roc_points()
    return run | {
        "best_round": 6,
        "judged_on": "validation",
        "metrics": multiclass_metrics(0.884),
        "institutions": institutions,
        "history": history(names, 6, multiclass_metrics, (0.4, 0.89), 110_000),
        "curves": {"roc_by_class": [roc, None, roc]},
        "seconds": 12.0,
    }
