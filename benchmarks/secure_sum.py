"""What secure aggregation costs: seconds and bytes of one round on the 45 MB model, beside its training.

Protocol: PneumoniaMNIST over the five hospitals as in ``benchmarks.pneumonia``, messages in this process. A round of
training is timed as it is. Then the same question is asked of institutions that answer at once, in the open and in each
way of adding up: the difference is what keys, masks, signatures and unmasking take, with all five institutions and the
coordinator on one machine, one after the other. Of several such rounds the quickest counts, as others use the machine
too; it has no part in the agreement on keys, which serves sixteen sums. The aims: under 15% of the training round, and
at most 1.1 times the bytes of float32.

Reading: for a small model and the large one (``--small`` leaves that out), in the open, under masks, under masks with
``compression.method=int8``, and for the small model under homomorphic encryption: seconds of one round of messages, its
share of a training round, payload bytes that an institution sends and receives, as multiples of float32 weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from benchmarks import data
from benchmarks.output import emit, parser, progress, table
from benchmarks.pneumonia import TASK
from fedcare.aggregation.exchange import Answer
from fedcare.cli.options import parse_settings
from fedcare.data.preprocessing import add_up, fit
from fedcare.federation.client_app import client_app
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.grid_exchange import GridExchange
from fedcare.federation.inprocess_grid import InProcessGrid
from fedcare.federation.masked_site import masked
from fedcare.federation.messages import Instruction
from fedcare.federation.questions import MessageExchange
from fedcare.federation.secure_exchange import exchange_for
from fedcare.federation.site import Site
from fedcare.federation.study import Study, design
from fedcare.privacy.homomorphic import MOST_WEIGHTS
from fedcare.tasks.size import feature_count
from fedcare.update import Vector

MOST_SHARE, MOST_BYTES = 0.15, 1.1
REPEATS = 4


class Quick(Site):
    """Answers training at once: the global weights and a small movement."""

    def train(self, instruction: Instruction, vector: Vector) -> Answer:
        """Weights that have moved a little."""
        rows = self.records("train")
        return Answer(self.name, vector=vector + np.float32(1e-3), examples=len(rows or ()), loss=0.5)


def exchange_over(study: Study, sites: Sequence[Site]) -> MessageExchange:
    """Messages to these sites, as the plan wants them."""
    plan = study.plan
    by_name = {site.name: site for site in masked(plan, sites)}
    grid = InProcessGrid(client_app(lambda context: by_name[str(context.node_config["institution"])]), [*by_name])
    exchange = exchange_for(plan, lambda answer: None, lambda heard: GridExchange(grid, plan, len(sites), heard))
    exchange.institutions()
    return exchange


def timed(work: Callable[[], Any]) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@dataclass(frozen=True)
class Cost:
    """Seconds of the quickest of some rounds of training, and payload bytes of the last, of one institution each."""

    seconds: float
    sent: float
    received: float


def rounds_of(study: Study, kind: type[Site], vector: Vector, repeats: int) -> Cost:
    """What rounds of training cost where institutions answer as ``kind`` does."""
    exchange = exchange_over(study, [kind(each) for each in study.institutions])
    names = list(exchange.institutions())
    answers = exchange.statistics(names)
    preprocessing = fit(study.task.records, add_up([each.sums for each in answers if each.sums is not None]))
    exchange.prepare(preprocessing.to_json(), sum(each.examples for each in answers))
    found = []
    for number in range(1, repeats + 1):
        before = replace(exchange.traffic)
        found.append(timed(lambda number=number: _all_well(exchange.train(number, vector, names))))  # type: ignore[misc]
    came, went = exchange.traffic.received - before.received, exchange.traffic.sent - before.sent
    return Cost(min(found), came / len(names), went / len(names))


def _all_well(answers: Sequence[Answer]) -> None:
    assert all(answer.error is None for answer in answers), [answer.error for answer in answers]


WAYS = {
    "open": {},
    "masks": {"privacy.secure.enabled": "true"},
    "masks, int8": {"privacy.secure.enabled": "true", "compression.method": "int8"},
    "ckks": {"privacy.secure.enabled": "true", "privacy.secure.method": "ckks"},
}


def compare(task: str, source: Any, partition: str | None, settings: dict[str, str], seed: int) -> dict[str, Any]:
    """A training round, and the messages of a round in the open and in each way of adding up; CKKS if it is small."""
    study = design(task, source, partition, settings, seed)
    vector = initial_weights(study.task, study.plan.seed, feature_count(study.task))[1]
    progress(f"{study.task.name}: {len(vector):,} weights, {len(study.institutions)} institutions")
    training = rounds_of(study, Site, vector, 1 if len(vector) > 10**6 else 3)
    progress(f"  a training round takes {training.seconds:.2f} s")
    ways = {}
    for way, changes in WAYS.items():
        if way != "ckks" or len(vector) <= MOST_WEIGHTS:
            cost = rounds_of(design(task, source, partition, settings | changes, seed), Quick, vector, REPEATS)
            ways[way] = asdict(cost) | {
                "share": (cost.seconds - ways["open"]["seconds"]) / training.seconds if ways else 0.0,
                "bytes_ratio": cost.sent / vector.nbytes,
                "received_ratio": cost.received / vector.nbytes,
            }
            progress(f"  {way}: {cost.seconds:.2f} s")
    return {
        "task": study.task.name,
        "parameters": len(vector),
        "training_seconds": training.seconds,
        "ways": ways,
    }


def report(result: dict[str, Any]) -> str:
    """A line for each task and way, then the verdicts."""
    rows = [["task", "weights", "way", "messages", "of a training round", "sends, of float32", "receives, of float32"]]
    for row in result["rows"]:
        for way, cost in row["ways"].items():
            figures = [f"{cost['seconds']:.2f} s", f"{cost['share']:.1%}"]
            sizes = [f"{cost[name]:.4f}" for name in ("bytes_ratio", "received_ratio")]
            rows.append([row["task"], f"{row['parameters']:,}", way, *figures, *sizes])
    large = result["rows"][-1]
    masks = large["ways"]["masks"]
    verdicts = [
        f"share of a training round {masks['share']:.1%}, aim {MOST_SHARE:.0%}: {_word(masks['share'] < MOST_SHARE)}",
        f"bytes {masks['bytes_ratio']:.4f} of float32, aim {MOST_BYTES}: {_word(masks['bytes_ratio'] <= MOST_BYTES)}",
    ]
    return "\n".join([table(rows), *(verdicts if large["parameters"] > 10**6 else [])])


def _word(met: bool) -> str:
    return "met" if met else "missed"


def main() -> None:
    """Measure and print."""
    line = parser(__doc__)
    line.add_argument("--small", action="store_true", help="leave the 45 MB model out")
    options = line.parse_args()
    settings = parse_settings(options.set)
    rows = [compare("insurance-cost", None, None, settings, options.seed)]
    if not options.small:
        rows.append(compare(str(TASK), data.require(data.PNEUMONIA), "hospitals", settings, options.seed))
    result = {"benchmark": "secure-sum", "settings": settings, "rows": rows}
    emit(result, report(result), options.json)


if __name__ == "__main__":
    main()
