"""The image task on images of its own making: does a model learn, alone and federated?

Protocol: ``train-local cancer-imaging`` on 800 synthetic images of 64 px for two epochs (aim: accuracy 1.00 on the
validation rows); ``simulate cancer-imaging`` over the five hospitals for five rounds (aim: from near chance to .99);
with ``--full`` also two epochs at 224 px, which only has to run. The images are easy on purpose: this is a check of the
machinery, and no figure is published for it.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.output import emit, parser, progress, table
from benchmarks.running import Silent, run_study
from fedcare.aggregation.exchange import RoundRecord
from fedcare.cli.options import parse_settings
from fedcare.federation.study import design
from fedcare.federation.train_local import plan_for, train_local
from fedcare.training.central import Epoch

TASK = "cancer-imaging"


class Rounds(Silent):
    """Tells of each round on stderr."""

    def round_finished(self, record: RoundRecord) -> None:
        """One line."""
        progress(f"  round {record.round}: accuracy {record.metrics['accuracy']:.4f}, {record.seconds:.1f} s")


def alone(settings: dict[str, str], seed: int, aim: float | None) -> dict[str, Any]:
    """Two epochs in one place."""

    def tell(epoch: Epoch) -> None:
        progress(f"  epoch {epoch.number}: accuracy {epoch.metrics['accuracy']:.4f}")

    started = time.perf_counter()
    task, plan = plan_for(TASK, settings, 2, seed)
    with tempfile.TemporaryDirectory() as folder:
        summary = train_local(task, plan, None, Path(folder) / "run", tell)
    size = getattr(task.records, "image_size", 0)
    return _row(f"one place, 2 epochs, {size} px", summary["metrics"], aim, started)


def federated(settings: dict[str, str], seed: int) -> dict[str, Any]:
    """Five rounds over the five hospitals; ``by_round`` begins with the untrained model."""
    started = time.perf_counter()
    study = design(TASK, None, "hospitals", {"rounds": "5"} | settings, seed)
    outcome = run_study(study, None, Rounds())
    row = _row("five hospitals, 5 rounds", outcome.judgement.metrics, 0.99, started)
    course = [outcome.state.start, *outcome.state.history]
    return row | {"by_round": [record.metrics["accuracy"] for record in course]}


def _row(name: str, metrics: dict[str, float], aim: float | None, started: float) -> dict[str, Any]:
    met = None if aim is None else metrics["accuracy"] >= aim
    seconds = time.perf_counter() - started
    return {"run": name, "accuracy": metrics["accuracy"], "auc": metrics["auc"], "aim": aim, "met": met} | {
        "seconds": seconds
    }


def report(rows: list[dict[str, Any]]) -> str:
    """One line a run."""
    words = {True: "met", False: "missed", None: "it runs"}
    lines = [["synthetic images", "accuracy", "AUC", "aim", "", "seconds"]]
    for row in rows:
        aim = "" if row["aim"] is None else f"{row['aim']:.2f}"
        figures = [f"{row['accuracy']:.4f}", f"{row['auc']:.4f}", aim, words[row["met"]], f"{row['seconds']:.0f}"]
        lines.append([row["run"], *figures])
    return table(lines)


def main() -> None:
    """Run all and print."""
    line = parser(__doc__)
    line.add_argument("--full", action="store_true", help="also at 224 px, which takes minutes")
    options = line.parse_args()
    settings = parse_settings(options.set)
    progress("one place, 64 px")
    rows = [alone(settings, options.seed, 1.0)]
    progress("five hospitals, 64 px")
    rows.append(federated(settings, options.seed))
    if options.full:
        progress("one place, 224 px")
        rows.append(alone(settings | {"image_size": "224"}, options.seed, None))
    emit({"benchmark": "synthetic-images", "settings": settings, "runs": rows}, report(rows), options.json)


if __name__ == "__main__":
    main()
