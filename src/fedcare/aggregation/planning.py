"""From a task's settings to a plan, without loading what a strategy computes with.

A gateway makes plans and must stay light, so what the built-in strategies ask of local training, and which options they
take, is said here; what they do with updates is said in ``federation.strategies``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fedcare.aggregation.strategy import create
from fedcare.data.declared import require_ranges
from fedcare.errors import BadSetting
from fedcare.models.spec import ResNetSpec
from fedcare.plan import LocalTraining, StrategyChoice, TrainingPlan
from fedcare.privacy.homomorphic import MOST_WEIGHTS
from fedcare.privacy.secure_sum.levels import MOST_MEMBERS
from fedcare.tasks.size import weight_count
from fedcare.tasks.spec import METRICS, Task


@dataclass(frozen=True)
class Limits:
    """What an option may be: from ``least`` to ``most``, and a count of members where ``whole``."""

    least: float = -math.inf
    most: float = math.inf
    whole: bool = False

    def check(self, name: str, value: float) -> None:
        """Raise ValueError, in words for the user, where the value lies outside."""
        if self.whole and (value != int(value) or value < self.least):
            raise ValueError(f"a number of members must be a whole number of at least {self.least:g}")
        if not self.least <= value <= self.most:
            raise ValueError(f"{name} must lie between {self.least:g} and {self.most:g}")


_ETA, _ANY, _MEMBERS = Limits(0.0, 10.0), Limits(), Limits(0, whole=True)
OPTIONS: Mapping[str, Mapping[str, Limits]] = {
    "fedavg": {},
    "fedsgd": {},
    "fedprox": {"mu": Limits(0.0, 100.0)},
    "fedavgm": {"eta": _ETA, "momentum": Limits(0.0, 0.999)},
    "fedadam": {"eta": _ETA, "beta1": _ANY, "beta2": _ANY, "tau": _ANY},
    "fedyogi": {"eta": _ETA, "beta1": _ANY, "beta2": _ANY, "tau": _ANY},
    "fedadagrad": {"eta": _ETA, "tau": _ANY},
    "median": {},
    "trimmed-mean": {"beta": Limits(0.0, 0.49)},
    "krum": {"malicious": _MEMBERS},
    "multikrum": {"malicious": _MEMBERS, "select": Limits(1, whole=True)},
    "bulyan": {"malicious": _MEMBERS},
}
"""The options of the built-in strategies."""


def one_step(local: LocalTraining) -> LocalTraining:
    """FedSGD's: one step a round over all local rows."""
    return local.model_copy(update={"epochs": 1, "full_batch": True, "optimizer": "sgd"})


def with_penalty(local: LocalTraining, mu: float = 0.01) -> LocalTraining:
    """FedProx's: mu/2 times the squared distance to the global weights in the loss."""
    return local.model_copy(update={"proximal_mu": mu})


_LOCAL: Mapping[str, Callable[..., LocalTraining]] = {"fedsgd": one_step, "fedprox": with_penalty}


def plan_of(task: Task, seed: int) -> TrainingPlan:
    """The plan a task's settings make, with what its strategy asks of local training.

    Raises UnknownStrategy, and BadSetting for an option it does not take, a metric that the task has not, and
    protections that rule one another out.
    """
    local = asked_of(task.local, task.strategy)
    metric = task.selection.metric
    if metric is not None and metric not in METRICS[task.kind]:
        known = ", ".join(METRICS[task.kind])
        raise BadSetting(setting="selection.metric", value=metric, reason=f"it must be one of {known}")
    _check_protections(task)
    _check_private(task)
    _check_encrypted(task)
    return TrainingPlan(
        task_name=task.name,
        task=task.declaration(),
        local=local,
        rounds=task.rounds,
        strategy=task.strategy,
        selection=task.selection,
        gate=task.gate,
        privacy=task.privacy,
        defence=task.defence,
        compression=task.compression,
        seed=seed,
    )


def _check_protections(task: Task) -> None:
    """Raise BadSetting where one protection would silently undo another."""
    privacy, defence, method = task.privacy, task.defence, task.compression.method
    if defence.acceptance is not None and privacy.dp.enabled:
        reason = "with differential privacy no round is evaluated, as each evaluation would cost budget; leave it out"
        raise BadSetting(setting="defence.acceptance", value=defence.acceptance, reason=reason)
    if method != "none" and privacy.secure.enabled:
        _check_compressed_sums(task)


def _check_compressed_sums(task: Task) -> None:
    """Raise BadSetting for compression that secure aggregation cannot add up."""
    secure, method = task.privacy.secure, task.compression.method
    if method == "topk":
        reason = "which weights it sends would lie open, and sums need the same ones of all; use int8"
        raise BadSetting(setting="compression.method", value=method, reason=f"under secure aggregation {reason}")
    if secure.stochastic_rounding:
        reason = "with int8 the nearest level is sent and the rest kept back, which keeps the mean; leave it out"
        raise BadSetting(setting="privacy.secure.stochastic_rounding", value=True, reason=reason)
    if secure.least > MOST_MEMBERS:
        reason = f"with int8 a sum has room for {MOST_MEMBERS} institutions, so it cannot ask for more"
        raise BadSetting(setting="privacy.secure.least", value=secure.least, reason=reason)


def _check_private(task: Task) -> None:
    """Raise BadSetting for what a record-level guarantee does not allow."""
    if not task.privacy.dp.enabled:
        return
    require_ranges(task.records)
    if isinstance(task.model, ResNetSpec) and task.model.norm == "batch":
        reason = "batch norm mixes the patients of a batch, so that no noise could hide one; use model.norm=group"
        raise BadSetting(setting="model.norm", value="batch", reason=reason)
    if task.local.class_weights != "none":
        reason = "class weights come from exact counts of the records, which differential privacy does not give away"
        raise BadSetting(setting="local.class_weights", value=task.local.class_weights, reason=reason)


def _check_encrypted(task: Task) -> None:
    """Raise BadSetting for what is not added up under homomorphic encryption."""
    secure = task.privacy.secure
    if not secure.enabled or secure.method != "ckks":
        return
    if (found := weight_count(task)) > MOST_WEIGHTS:
        reason = f"the model has {found} weights, and sums under encryption take seconds above {MOST_WEIGHTS}"
        raise BadSetting(setting="privacy.secure.method", value="ckks", reason=f"{reason}; use masks")
    if (method := task.compression.method) != "none":
        reason = "under encryption a small number takes as many bytes as a great one; use masks, or leave it out"
        raise BadSetting(setting="compression.method", value=method, reason=reason)


def asked_of(local: LocalTraining, choice: StrategyChoice) -> LocalTraining:
    """Local training as the strategy wants it; a strategy that is not built in is loaded and asked."""
    known = OPTIONS.get(choice.name)
    if known is None:
        return create(choice).local(local)
    try:
        for name, value in choice.options.items():
            if name not in known:
                raise ValueError(f"it has no option '{name}'")
            known[name].check(name, value)
    except ValueError as error:
        setting, options = f"strategy {choice.name}", dict(choice.options)
        raise BadSetting(setting=setting, value=options, reason=str(error)) from error
    change = _LOCAL.get(choice.name)
    return change(local, **choice.options) if change else local
