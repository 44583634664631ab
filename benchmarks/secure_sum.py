"""What secure aggregation costs: seconds and bytes of one round on the 45 MB model, beside its training.

Protocol: PneumoniaMNIST over the five hospitals as in ``benchmarks.pneumonia``, messages in this process. A round of
training is timed as it is. Then the same question is asked of institutions that answer at once, in the open and under
masks: the difference is what keys, masks, signatures and unmasking take, with all five institutions and the coordinator
on one machine, one after the other. Of several such rounds the quickest counts, as others use the machine too.
``keys`` is the share of a fresh agreement, which serves sixteen sums. The aims: under 15% of the training round, and at
most 1.1 times the bytes of float32.

Reading: seconds of a training round, of one round of messages in the open and masked, the share, bytes an institution
sends, and seconds and bytes of a masked round with ``compression.method=int8``; then for a small model the same beside
homomorphic encryption (``--small`` leaves the large one out).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
from fedcare.privacy import homomorphic
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


def rounds_of(study: Study, kind: type[Site], vector: Vector, repeats: int) -> tuple[list[float], float]:
    """Seconds of each of some rounds of training, and payload bytes that one institution sent in the last."""
    exchange = exchange_over(study, [kind(each) for each in study.institutions])
    names = list(exchange.institutions())
    answers = exchange.statistics(names)
    preprocessing = fit(study.task.records, add_up([each.sums for each in answers if each.sums is not None]))
    exchange.prepare(preprocessing.to_json(), sum(each.examples for each in answers))
    found = []
    for number in range(1, repeats + 1):
        before = exchange.traffic.received
        found.append(timed(lambda number=number: _all_well(exchange.train(number, vector, names))))  # type: ignore[misc]
        sent = (exchange.traffic.received - before) / len(names)
    return found, sent


def _all_well(answers: Sequence[Answer]) -> None:
    assert all(answer.error is None for answer in answers), [answer.error for answer in answers]


def compare(task: str, source: Any, partition: str | None, settings: dict[str, str], seed: int) -> dict[str, Any]:
    """A training round, and the messages of a round in the open and masked."""
    open_ = design(task, source, partition, settings, seed)
    secure = design(task, source, partition, settings | {"privacy.secure.enabled": "true"}, seed)
    int8 = {"privacy.secure.enabled": "true", "compression.method": "int8"}
    small = design(task, source, partition, settings | int8, seed)
    vector = initial_weights(open_.task, open_.plan.seed, feature_count(open_.task))[1]
    progress(f"{open_.task.name}: {len(vector):,} weights, {len(open_.institutions)} institutions")
    training = min(rounds_of(open_, Site, vector, 1 if len(vector) > 10**6 else 3)[0])
    progress(f"  a training round takes {training:.2f} s")
    plain, plain_bytes = rounds_of(open_, Quick, vector, REPEATS)
    under, masked_bytes = rounds_of(secure, Quick, vector, REPEATS)
    eight, eight_bytes = rounds_of(small, Quick, vector, REPEATS)
    return {
        "task": open_.task.name,
        "parameters": len(vector),
        "training_seconds": training,
        "open_seconds": min(plain),
        "masked_seconds": min(under),
        "share": (min(under) - min(plain)) / training,
        "open_bytes": plain_bytes,
        "masked_bytes": masked_bytes,
        "bytes_ratio": masked_bytes / vector.nbytes,
        "int8_seconds": min(eight),
        "int8_ratio": eight_bytes / vector.nbytes,
    }


def encryption(parameters: int, members: int) -> dict[str, Any]:
    """The same sum under homomorphic encryption: seconds of all parts together, bytes an institution sends."""
    secret, public = homomorphic.new_keys()
    movement, share = np.full(parameters, 1e-3, dtype=np.float32), 1 / members
    started = time.perf_counter()
    sent = [homomorphic.encrypted(secret, movement, share, 8.0) for _ in range(members)]
    total = sent[0]
    for other in sent[1:]:
        total = homomorphic.added(public, total, other)
    mean = homomorphic.decrypted(secret, total, 1.0)
    seconds, size = time.perf_counter() - started, sum(map(len, sent[0]))
    return {
        "parameters": parameters,
        "seconds": seconds,
        "bytes": size,
        "bytes_ratio": size / movement.nbytes,
        "key_bytes": len(secret),
        "error": float(np.abs(mean - movement).max()),
    }


def report(result: dict[str, Any]) -> str:
    """A line a task, then the verdicts."""
    rows = [["task", "weights", "training", "open", "masked", "share", "bytes", "of float32", "int8", "of float32"]]
    for row in result["rows"]:
        seconds = [f"{row[name]:.2f} s" for name in ("training_seconds", "open_seconds", "masked_seconds")]
        size = [f"{row['masked_bytes']:,.0f}", f"{row['bytes_ratio']:.4f}"]
        eight = [f"{row['int8_seconds']:.2f} s", f"{row['int8_ratio']:.4f}"]
        rows.append([row["task"], f"{row['parameters']:,}", *seconds, f"{row['share']:.1%}", *size, *eight])
    large, he = result["rows"][-1], result["ckks"]
    encrypted = (
        f"CKKS, {he['parameters']:,} weights: {he['seconds']:.2f} s, {he['bytes']:,} bytes"
        f" ({he['bytes_ratio']:.1f} times float32), keys of {he['key_bytes']:,} bytes, error {he['error']:.1e}"
    )
    verdicts = [
        f"share of a training round {large['share']:.1%}, aim {MOST_SHARE:.0%}: {_word(large['share'] < MOST_SHARE)}",
        f"bytes {large['bytes_ratio']:.4f} of float32, aim {MOST_BYTES}: {_word(large['bytes_ratio'] <= MOST_BYTES)}",
    ]
    return "\n".join([table(rows), encrypted, *(verdicts if large["parameters"] > 10**6 else [])])


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
    ckks = encryption(rows[0]["parameters"], 5)
    result = {"benchmark": "secure-sum", "settings": settings, "rows": rows, "ckks": ckks}
    emit(result, report(result), options.json)


if __name__ == "__main__":
    main()
