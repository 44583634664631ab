"""What compressing does to the AUC by itself: the same updates sent whole, with int8, and with int8 under masks.

Two runs with and without compression part ways after a round: a network that trains on weights which differ in the
last digits ends elsewhere, and the AUC of such runs differs by more than compression costs. So here one run of
PneumoniaMNIST goes on without compression, and in each round the updates of its five hospitals are also sent through
the real messages of the other ways, each with what it kept back of the rounds before. All begin the round with the same
weights; the AUC of what arrives, on the test rows, is set beside that of the whole updates. ``drift``: how far the
trained weights that arrive are from the whole ones, as a share of the way they went in the round (what is kept back of
earlier rounds counts too).

Reading: a line a way: the mean of the differences over the rounds, the least and the greatest of them, and the last
round's. The aim: no round loses more than .002.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compression import METHODS, MOST_LOSS
from benchmarks.output import emit, parser, progress, table
from benchmarks.poisoning import pneumonia
from benchmarks.poisons import pooled
from benchmarks.running import Silent
from benchmarks.secure_sum import exchange_over
from fedcare.aggregation.exchange import Answer
from fedcare.cli.options import parse_settings
from fedcare.data.records import Institution
from fedcare.federation.coordinator import coordinate
from fedcare.federation.messages import Instruction
from fedcare.federation.scaled_sums import learned_size
from fedcare.federation.site import Site
from fedcare.federation.study import Study, plan_of
from fedcare.plan import canonical_json
from fedcare.tasks.overrides import apply
from fedcare.training import metrics
from fedcare.update import ModelUpdate, Vector, weighted_mean

WAYS = ("int8", "masked-int8")


class Repeater(Site):
    """An institution that sends the update which another one trained, as its own plan wants it sent."""

    def __init__(self, institution: Institution) -> None:
        super().__init__(institution)
        self.trained: Answer | None = None

    def train(self, instruction: Instruction, vector: Vector) -> Answer:
        """The other's weights, made small."""
        assert self.trained is not None
        plan, _ = instruction.recipe()
        return self.outgoing.leave(plan, instruction.round, vector, learned_size(instruction), self.trained)


class Way:
    """A way to send updates, over messages of its own."""

    def __init__(self, study: Study, settings: dict[str, str]) -> None:
        self._sites = {each.name: Repeater(each) for each in study.institutions}
        plan = plan_of(apply(study.task, settings), study.plan.seed)
        self.exchange = exchange_over(Study(study.task, plan, study.institutions, "", 0, ""), [*self._sites.values()])

    def arrives(self, number: int, vector: Vector, answers: Sequence[Answer]) -> Vector:
        """The mean that the coordinator sees of these answers."""
        for answer in answers:
            self._sites[answer.institution].trained = answer
        return mean(self.exchange.train(number, vector, sorted(self._sites)))


def mean(answers: Sequence[Answer]) -> Vector:
    """Of all updates, by rows."""
    updates = []
    for answer in answers:
        assert answer.vector is not None, answer.error
        updates.append(ModelUpdate(answer.institution, answer.vector, answer.examples))
    return weighted_mean(updates)


class Compared:
    """The exchange of the run, which sends each round's updates the other ways too."""

    def __init__(self, study: Study) -> None:
        self._study, self._inner = study, exchange_over(study, [Site(each) for each in study.institutions])
        self._ways = {name: Way(study, METHODS[name]) for name in WAYS}
        self.traffic, self.rounds = self._inner.traffic, list[dict[str, Any]]()
        self._learned = 0

    def prepare(self, preprocessing: dict[str, object], rows: int = 0) -> None:
        """For all of them."""
        for exchange in (self._inner, *(way.exchange for way in self._ways.values())):
            exchange.prepare(preprocessing, rows)
        plan = self._study.plan.canonical()
        self._learned = learned_size(Instruction(plan, 1, "train", canonical_json(preprocessing)))

    def train(self, round_number: int, vector: Vector, institutions: Sequence[str]) -> list[Answer]:
        """The answers of the run, after a look at what would have come in their place."""
        answers = self._inner.train(round_number, vector, institutions)
        whole = mean(answers)
        row: dict[str, Any] = {"round": round_number, "whole": self._auc(whole)}
        for name, way in self._ways.items():
            came = way.arrives(round_number, vector, answers)
            astray, went = (came - whole)[: self._learned], (whole - vector)[: self._learned]
            drift = float(np.linalg.norm(astray) / np.linalg.norm(went))
            row[name] = {"change": self._auc(came) - row["whole"], "drift": drift}
        self.rounds.append(row)
        progress(f"round {round_number}: AUC {row['whole']:.4f}, " + ", ".join(_told(row, name) for name in WAYS))
        return answers

    def _auc(self, vector: Vector) -> float:
        names = sorted(each.name for each in self._study.institutions)
        answers = self._inner.evaluate(0, vector, names, "test")
        sums = pooled([each.sums for each in answers if each.sums is not None])
        return metrics.metrics(self._study.task.kind, 2, sums)["auc"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _told(row: dict[str, Any], name: str) -> str:
    return f"{name} {row[name]['change']:+.4f} (drift {row[name]['drift']:.1%})"


def measure(study: Study) -> list[dict[str, Any]]:
    """One run, round by round."""
    exchange = Compared(study)
    with tempfile.TemporaryDirectory() as folder:
        coordinate(study.plan, exchange, Path(folder), Silent(), lambda _: None)
    return exchange.rounds


def report(rounds: Sequence[dict[str, Any]]) -> str:
    """A line a way, and the verdict."""
    rows = [["way", "mean", "least", "greatest", "last round", "greatest drift"]]
    for name in WAYS:
        change = [each[name]["change"] for each in rounds]
        figures = (np.mean(change), min(change), max(change), change[-1])
        rows.append([name, *(f"{each:+.4f}" for each in figures), f"{max(each[name]['drift'] for each in rounds):.1%}"])
    met = all(each[name]["change"] >= -MOST_LOSS for each in rounds for name in WAYS)
    return f"{table(rows)}\n{len(rounds)} rounds; none loses more than {MOST_LOSS}: {'yes' if met else 'NO'}"


def main() -> None:
    """Run the seeds and print."""
    line = parser(__doc__)
    line.add_argument("--seeds", type=int, default=1, help="how many seeds, from --seed on")
    line.add_argument("--share", type=float, default=1.0, help="of the training rows")
    line.add_argument("--rounds", type=int, default=10)
    options = line.parse_args()
    found: list[dict[str, Any]] = []
    for seed in range(options.seed, options.seed + options.seeds):
        found += measure(pneumonia(seed, parse_settings(options.set), options.share, options.rounds))
    emit({"benchmark": "compression_direct", "rounds": found}, report(found), options.json)


if __name__ == "__main__":
    main()
