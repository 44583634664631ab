"""What attacks find of runs without protection, with it, and with protection whose noise is secretly off.

For each task the plan is carried out four times: without differential privacy, at epsilon 5, at epsilon 1, and at a
claimed epsilon of 1 with every noise multiplied by zero. Each run's model is attacked as ``fedcare audit privacy`` does
it: membership by shadow models, and one more training with canaries, which gives lower bounds on epsilon that hold with
95% confidence: ``of any`` mechanism, and ``of noise``, for the Gaussian noise that the plan promises. A claim is broken
where either is above it. Insurance is the real file where it lies in the data folder, else its synthetic stand-in.
PneumoniaMNIST is attacked by its loss instead of shadows, with the recipe of ``--private`` in every row, and the row
"none" is that recipe without clipping and noise. The seed decides partition, noise, shadows and canaries.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.data import INSURANCE, PNEUMONIA, find
from benchmarks.output import emit, parser, progress, table
from fedcare.attacks import membership, one_run
from fedcare.attacks.audit import claim
from fedcare.attacks.rerun import rerun
from fedcare.cli.options import parse_settings
from fedcare.data.preprocessing import preprocessing_from_json
from fedcare.federation.study import Study, design
from fedcare.privacy.noise import Chance
from fedcare.tasks.protected import protected

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "pneumonia.toml"


@dataclass(frozen=True)
class Subject:
    """What is attacked: a task by its name or file, how it is divided, and the real records that it needs or can use.

    ``settings`` are those of the row "none", None for the task's own.
    """

    task: str
    partition: str
    records: str | None = None
    settings: dict[str, str] | None = None


SUBJECTS = {
    "breast-cancer": Subject("breast-cancer", "iid"),
    "insurance-cost": Subject("insurance-cost", "by:region", INSURANCE),
    "pneumonia": Subject(str(EXAMPLE), "hospitals", PNEUMONIA, {"privacy.dp.enabled": "false"}),
}
EPSILONS: dict[str, float | None] = {"none": None, "epsilon 5": 5.0, "epsilon 1": 1.0, "noise off": 1.0}


def study_of(subject: Subject, epsilon: float | None, settings: dict[str, str], seed: int) -> Study:
    """The subject's study, private as ``--private`` makes it where ``epsilon`` is given."""
    if epsilon is not None:
        chosen = protected(subject.task, epsilon, secure=False, robust=False) | {"privacy.dp.seeded_noise": "true"}
    elif subject.settings is not None:
        chosen = protected(subject.task, 1.0, secure=False, robust=False) | subject.settings
    else:
        chosen = {}
    records = None if subject.records is None else find(subject.records)
    return design(subject.task, records, subject.partition, {**chosen, **settings}, seed)


@contextmanager
def without_noise() -> Iterator[None]:
    """A protection that does not do what it says."""
    whole = Chance.gaussian

    def nothing(self: Chance, shape: Any, deviation: float) -> Any:
        return whole(self, shape, 0.0)

    Chance.gaussian = nothing  # type: ignore[method-assign]
    try:
        yield
    finally:
        Chance.gaussian = whole  # type: ignore[method-assign]


def attacked(study: Study, shadows: int, canaries: int, seed: int) -> dict[str, Any]:
    """The run's own quality, and what each attack found."""
    outcome = rerun(study.plan, study.institutions, lambda number, rounds: None)
    preprocessing = preprocessing_from_json(outcome.state.preprocessing)
    claimed, delta = claim(study.plan)
    members = membership.attack(study, outcome.state.best, preprocessing, shadows, seed, lambda done, of: None)
    planted = one_run.audit(study, canaries, delta, one_run.CONFIDENCE, seed, lambda number, rounds: None)
    return {
        "claimed": claimed,
        "any": planted.any_mechanism,
        "gaussian": planted.gaussian,
        "right": planted.guesses[0].right,
        "auc": members.telling.auc,
        "error": members.telling.error,
        "tpr": members.telling.tpr,
        "quality": outcome.judgement.metrics.get(study.task.deciding_metric),
    }


def measure(tasks: list[str], settings: dict[str, str], shadows: int, canaries: int, seed: int) -> dict[str, Any]:
    """Every task under every protection."""
    rows = []
    for task in tasks:
        for name, epsilon in EPSILONS.items():
            study, started = study_of(SUBJECTS[task], epsilon, settings, seed), time.perf_counter()
            if name == "noise off":
                with without_noise():
                    found = attacked(study, shadows, canaries, seed)
            else:
                found = attacked(study, shadows, canaries, seed)
            rows.append({"task": task, "protection": name} | found)
            least, took = f"{found['any']:.2f} / {found['gaussian']:.2f}", time.perf_counter() - started
            progress(f"{task}, {name}: AUC {found['auc']:.3f}, epsilon at least {least}, {took:.0f} s")
    return {"benchmark": "audit", "seed": seed, "shadows": shadows, "canaries": canaries, "rows": rows}


HEAD = ["task", "protection", "claimed", "of any", "of noise", "canaries right", "attack AUC", "TPR at 1%", "quality"]


def report(result: dict[str, Any]) -> str:
    """One line a run."""
    return table([HEAD, *(_line(row, result["canaries"]) for row in result["rows"])])


def _line(row: dict[str, Any], canaries: int) -> list[str]:
    promised = row["claimed"] is not None
    return [
        row["task"],
        row["protection"],
        f"{row['claimed']:.2f}" if promised else "none",
        f"{row['any']:.2f}",
        f"{row['gaussian']:.2f}" if promised else "-",
        f"{row['right']} of {canaries}",
        f"{row['auc']:.3f} +- {row['error']:.3f}",
        f"{row['tpr']:.1%}",
        "-" if row["quality"] is None else f"{row['quality']:.3f}",
    ]


def main() -> None:
    """Attack and print."""
    line = parser(__doc__)
    line.add_argument("--tasks", nargs="+", default=list(SUBJECTS)[:2], choices=list(SUBJECTS))
    line.add_argument("--shadows", type=int, default=membership.SHADOWS)
    line.add_argument("--canaries", type=int, default=one_run.CANARIES)
    options = line.parse_args()
    settings = parse_settings(options.set)
    result = measure(options.tasks, settings, options.shadows, options.canaries, options.seed)
    emit(result, report(result), options.json)


if __name__ == "__main__":
    main()
