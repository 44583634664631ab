"""Federated classification of chest X-rays: test AUC and accuracy on PneumoniaMNIST after at most ten rounds.

Protocol: ``pneumoniamnist_28.npz`` (MedMNIST v2, its official train, validation and test rows) over the five hospitals,
their shares of the rows and label skew in proportion to their positive ratios; the settings of
``examples/pneumonia.toml``. The best round and the threshold come from validation rows; the test rows are looked at
once, at the end. Published, trained in one place (MedMNIST v2, table 3): ResNet-18 at 28 px AUC .944 and accuracy .854;
ResNet-50 at 224 px .962 and .884.

Reading: one line a seed. A seed takes ten rounds of about twenty seconds on two idle cores.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.output import emit, parser, progress, table
from benchmarks.running import Silent, run_study
from fedcare.aggregation.exchange import RoundRecord
from fedcare.cli.options import parse_settings
from fedcare.federation.study import design

TASK = Path(__file__).resolve().parents[1] / "examples" / "pneumonia.toml"
TARGETS = {"auc": 0.960, "accuracy": 0.870}
PUBLISHED = {
    "ResNet-18, 28 px, in one place": {"auc": 0.944, "accuracy": 0.854},
    "ResNet-50, 224 px, in one place": {"auc": 0.962, "accuracy": 0.884},
}


class Rounds(Silent):
    """Tells of each round on stderr."""

    def round_finished(self, record: RoundRecord) -> None:
        """One line."""
        figures = ", ".join(f"{name} {record.metrics[name]:.4f}" for name in TARGETS if name in record.metrics)
        progress(f"  round {record.round}: validation {figures}, {record.seconds:.0f} s")


def measure(settings: dict[str, str], seeds: range) -> dict[str, Any]:
    """Test figures by seed."""
    found = []
    for seed in seeds:
        progress(f"seed {seed}")
        started = time.perf_counter()
        outcome = run_study(
            design(str(TASK), data.require(data.PNEUMONIA), "hospitals", settings, seed), None, Rounds()
        )
        row: dict[str, Any] = {"seed": seed, **{name: outcome.judgement.metrics[name] for name in TARGETS}}
        row |= {"sensitivity": outcome.judgement.metrics["sensitivity"]}
        row |= {"specificity": outcome.judgement.metrics["specificity"], "threshold": outcome.judgement.threshold}
        row |= {"rounds": outcome.state.round, "best_round": outcome.state.best_round}
        found.append(row | {"seconds": time.perf_counter() - started})
    means = {name: float(np.mean([row[name] for row in found])) for name in TARGETS}
    return {"benchmark": "pneumonia", "settings": settings, "mean": means, "published": PUBLISHED, "seeds": found}


def report(result: dict[str, Any]) -> str:
    """One line a seed, then the published figures."""
    rows = [["PneumoniaMNIST, 28 px, test rows", "AUC", "accuracy", "rounds", "best", "seconds"]]
    for row in result["seeds"]:
        figures = [f"{row[name]:.4f}" for name in TARGETS]
        rounds = [str(row["rounds"]), str(row["best_round"]), f"{row['seconds']:.0f}"]
        rows.append([f"FedCare, five hospitals, seed {row['seed']}", *figures, *rounds])
    for name, published in PUBLISHED.items():
        rows.append([f"published, {name}", *(f"{published[key]:.3f}" for key in TARGETS), "", "", ""])
    mean = result["mean"]
    words = {name: "met" if mean[name] >= target else "missed" for name, target in TARGETS.items()}
    verdicts = [f"{name} {mean[name]:.4f}, target {TARGETS[name]:.3f}: {word}" for name, word in words.items()]
    return "\n".join([table(rows), *verdicts])


def main() -> None:
    """Run the seeds and print."""
    line = parser(__doc__)
    line.add_argument("--seeds", type=int, default=1, help="how many seeds, from --seed on")
    options = line.parse_args()
    result = measure(parse_settings(options.set), range(options.seed, options.seed + options.seeds))
    emit(result, report(result), options.json)


if __name__ == "__main__":
    main()
