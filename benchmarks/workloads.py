"""The work whose time is measured: small studies, the same for FedCare and for the bare loop.

W1: ``insurance.csv`` by region, four institutions, five local epochs in batches of 32. W2: one hundred institutions
with 100 training rows each, one local epoch; W2u: the same with 20 to 180 rows. W3: SmallResNet18 on PneumoniaMNIST at
28 px over the five hospitals, one local epoch in batches of 32. Where a file is absent, synthetic records of the
same size and count stand in: the time does not depend on what they say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks import data
from benchmarks.running import study_of
from fedcare.data.records import Records
from fedcare.federation.study import Study
from fedcare.tasks.loading import load
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get

SEED = 42
# The plain recipe, whatever the tasks' own settings are: weights that follow a steep recipe drift apart by rounding.
COMMON = {"average_last": "1", "lr": "0.001", "lr_schedule": "constant", "weight_decay": "0.0", "batch_size": "32"}


@dataclass(frozen=True)
class Workload:
    """A study to be timed.

    ``engine`` is FedCare's, ``target`` the largest ratio of its round to the bare loop's. ``turns`` turns of ``rounds``
    rounds each are timed after a first turn that warms up; ``agree`` is the number of rounds after which the weights of
    both sides are compared: later on, rounding alone drives them apart.
    """

    name: str
    title: str
    engine: str
    target: float
    turns: int
    rounds: int
    agree: int

    @property
    def all_rounds(self) -> int:
        """Rounds of the whole study, the warm turn included."""
        return (self.turns + 1) * self.rounds


WORKLOADS = {
    work.name: work
    for work in (
        Workload(
            "W1", "insurance.csv by region, 4 institutions, 5 epochs", "batched", 0.30, turns=6, rounds=10, agree=3
        ),
        Workload("W2", "100 institutions of 100 rows, 1 epoch", "batched", 0.12, turns=6, rounds=5, agree=5),
        Workload("W2u", "100 institutions of 20 to 180 rows, 1 epoch", "batched", 0.12, turns=6, rounds=5, agree=5),
        Workload("W3", "SmallResNet18, 28 px, five hospitals, 1 epoch", "inprocess", 1.05, turns=4, rounds=1, agree=1),
    )
}


def study(work: Workload, images: int, rounds: int | None = None) -> Study:
    """The study of a workload; ``images`` is the number of W3's images in all splits, ``rounds`` its own if None."""
    count = str(rounds or work.all_rounds)
    if work.name == "W3":
        return _images(count, images)
    settings = {"rounds": count, "local.epochs": "5" if work.name == "W1" else "1"} | COMMON
    if work.name == "W1":
        task = apply(get("insurance-cost"), settings)
        return study_of(task, load(task, data.find(data.INSURANCE), SEED, "by:region").records, "by:region", SEED)
    sizes = np.full(100, 125) if work.name == "W2" else np.linspace(25, 225, 100).astype(np.int64)
    task = apply(get("insurance-cost"), settings | {"num_samples": str(sizes.sum())})
    names = np.repeat([f"{place:03d}" for place in range(100)], sizes)
    records = load(task, None, SEED).records
    return study_of(task, replace(records, groups={"institution": names}), "by:institution", SEED)


def _images(rounds: str, images: int) -> Study:
    settings = {"rounds": rounds, "image_size": "28", "threshold": "half", "local.epochs": "1"} | COMMON
    settings |= {"augment": "none", "num_samples": str(images)}
    task = apply(get("cancer-imaging"), settings)
    records = load(task, data.find(data.PNEUMONIA), SEED, "hospitals").records
    return study_of(task, _some(records, images), "hospitals", SEED)


def _some(records: Records, count: int) -> Records:
    """That many of the rows, every split and class in proportion up to chance."""
    if count >= len(records):
        return records
    chosen = np.random.default_rng(SEED).permutation(len(records))[:count]
    return records.take(np.sort(chosen))
