"""What compressing updates costs and saves: AUC and bytes with ``compression.method`` none, int8 and topk, by seed.

``masked`` is secure aggregation alone, ``masked-int8`` with int8 in the ring of eight bits.

Protocol: five hospitals over messages in this process, so that bytes are those of the payload. ``--task tabular``:
breast-cancer with its own settings, a quarter of the rows for the test. ``--task pneumonia``: PneumoniaMNIST as in
``benchmarks.pneumonia``, with ``--share`` of the training rows and ``--rounds`` rounds. The best round and the
threshold come from validation rows, the AUC from test rows. Bytes under masks are those of all messages that an
institution sends for one training question, both sums included, keys (one message in five rounds) not. The aim: at most
27% of the bytes that the same answers take as float32, and no AUC lower by more than .002.

Reading: a line a method: mean AUC over the seeds, its difference from none, seed by seed, bytes of an update and their
share, and seconds of packing and unpacking one update.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.output import emit, parser, progress, table
from benchmarks.poisoning import pneumonia, tabular
from benchmarks.running import Silent, run_study
from benchmarks.secure_sum import Quick, rounds_of
from fedcare.aggregation.compression import decoded, encoded
from fedcare.cli.options import parse_settings
from fedcare.federation.study import Study
from fedcare.protections import Compression

SECURE = {"privacy.secure.enabled": "true"}
METHODS: dict[str, dict[str, str]] = {
    "none": {},
    "int8": {"compression.method": "int8"},
    "topk": {"compression.method": "topk"},
    "masked": SECURE,
    "masked-int8": {"compression.method": "int8"} | SECURE,
}
MOST_BYTES, MOST_LOSS = 0.27, 0.002


class Told(Silent):
    """A watcher that remembers the size of an update as it came."""

    def __init__(self) -> None:
        self.bytes = 0

    def answered(self, answer: Any) -> None:
        """An update, compressed or not."""
        for array in (answer.vector, answer.compressed):
            if array is not None:
                self.bytes = array.nbytes


def one(study: Study) -> dict[str, Any]:
    """AUC on test rows, and bytes of an update."""
    told = Told()
    outcome = run_study(study, "inprocess", told)
    vector = outcome.state.vector
    sent: float = told.bytes
    if study.plan.privacy.secure.enabled:
        sent = rounds_of(study, Quick, vector, 2).sent
    auc = outcome.judgement.metrics["auc"]
    return {"auc": auc, "bytes": round(sent), "ratio": sent / vector.nbytes, "size": vector.nbytes}


def seconds(size: int, method: str) -> float:
    """To pack and unpack one update of so many bytes of float32."""
    choice = Compression.model_validate({"method": method})
    movement = np.random.default_rng(1).normal(size=size // 4).astype(np.float32)
    started = time.perf_counter()
    decoded(encoded(movement, len(movement), choice), len(movement), choice)
    return time.perf_counter() - started


def measure(studies: Any, seeds: range, methods: list[str]) -> dict[str, Any]:
    """All methods on all seeds."""
    found: dict[str, list[dict[str, Any]]] = {method: [] for method in methods}
    for seed in seeds:
        for method in methods:
            row = one(studies(seed, METHODS[method]))
            found[method].append(row)
            progress(f"seed {seed} {method}: AUC {row['auc']:.4f}, {row['bytes']} bytes, {row['ratio']:.1%}")
    costs = {m: seconds(rows[0]["size"], m) if m in ("int8", "topk") else 0.0 for m, rows in found.items()}
    return {"benchmark": "compression", "seeds": list(seeds), "methods": found, "seconds": costs}


def report(result: dict[str, Any]) -> str:
    """A line a method."""
    plain = np.array([row["auc"] for row in result["methods"]["none"]])
    rows = [["method", "AUC", "difference", "seed by seed", "bytes", "of float32", "seconds"]]
    for method, found in result["methods"].items():
        change = np.array([row["auc"] for row in found]) - plain
        own = " ".join(f"{each:+.4f}" for each in change)
        size = [str(found[0]["bytes"]), f"{found[0]['ratio']:.1%}", f"{result['seconds'][method]:.2f}"]
        rows.append([method, f"{np.mean([r['auc'] for r in found]):.4f}", f"{change.mean():+.4f}", own, *size])
    return table(rows)


def main() -> None:
    """Run the seeds and print."""
    line = parser(__doc__)
    line.add_argument("--task", choices=("tabular", "pneumonia"), default="tabular")
    line.add_argument("--seeds", type=int, default=2, help="how many seeds, from --seed on")
    line.add_argument("--methods", default=",".join(METHODS), help=f"of {', '.join(METHODS)}; with none")
    line.add_argument("--share", type=float, default=1.0, help="of PneumoniaMNIST's training rows")
    line.add_argument("--rounds", type=int, default=10, help="of PneumoniaMNIST")
    options = line.parse_args()
    given = parse_settings(options.set)

    def studies(seed: int, settings: dict[str, str]) -> Study:
        if options.task == "tabular":
            return tabular(seed, {**given, **settings})
        return pneumonia(seed, {**given, **settings}, options.share, options.rounds)

    result = measure(studies, range(options.seed, options.seed + options.seeds), options.methods.split(","))
    emit(result, report(result), options.json)


if __name__ == "__main__":
    main()
