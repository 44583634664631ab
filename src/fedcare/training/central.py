"""Training in one place: the sanity check without a federation, and what a federation is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, isnan, nan

from torch import nn

from fedcare.models.vector import load_vector, vector_of
from fedcare.plan import LocalTraining
from fedcare.tasks.spec import Task
from fedcare.training.dataset import Dataset, Preparation
from fedcare.training.evaluation import evaluate
from fedcare.training.local import Trainer
from fedcare.training.metrics import Floats, metrics
from fedcare.training.optimizers import learning_rate
from fedcare.update import Vector

UNDEFINED = -inf


@dataclass(frozen=True)
class Epoch:
    """An epoch's number from 1, the mean training loss, and the metrics on the validation rows."""

    number: int
    train_loss: float
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Fitted:
    """The weights of the best epoch, its validation sums (see ``training.metrics``), and how training went."""

    vector: Vector
    best_epoch: int
    sums: Floats
    history: tuple[Epoch, ...]


def fit(
    model: nn.Module,
    train: Dataset,
    validation: Dataset,
    task: Task,
    local: LocalTraining,
    epochs: int,
    seed: int,
    preprocessing: Preparation,
    watch: Callable[[Epoch], None] | None = None,
) -> Fitted:
    """Train ``model`` on one set of rows for ``epochs`` epochs and keep the best of them.

    ``epochs`` takes the place of ``local.epochs``; the optimiser's state lasts throughout, and a schedule runs over the
    epochs. The best epoch is the first that the task's deciding metric puts on top, as in a federated run; where these
    rows do not define that metric, it is the last. ``model`` ends with the best weights. ``watch`` hears of each epoch.
    """
    trainer = Trainer(model, train, local, seed, anchor=False)
    history: list[Epoch] = []
    best: tuple[float, Fitted] | None = None
    for number in range(1, epochs + 1):
        loss = float(trainer.epoch(learning_rate(local, number, epochs)))
        sums = evaluate(model, validation, task.kind, preprocessing)
        history.append(Epoch(number, loss, metrics(task.kind, classes_of(task), sums)))
        score = _score(task, history[-1].metrics)
        if best is None or score > best[0] or best[0] == UNDEFINED == score:
            best = score, Fitted(vector_of(model), number, sums, ())
        if watch is not None:
            watch(history[-1])
    assert best is not None
    load_vector(model, best[1].vector)
    return Fitted(best[1].vector, best[1].best_epoch, best[1].sums, tuple(history))


def classes_of(task: Task) -> int:
    """Outputs of the task's model: 1 for a number, else one logit per class."""
    return len(task.records.target.classes) or 1


def _score(task: Task, found: dict[str, float]) -> float:
    """The deciding metric turned so that more is better; below everything where it is undefined or not a number."""
    value = found.get(task.deciding_metric, nan)
    if isnan(value):
        return UNDEFINED
    return value if task.higher_is_better() else -value
