"""The training plan: everything that decides a run's result except the records, frozen and hashed.

An institution approves a plan by its hash, so whatever changes what is learned, or what leaves the institution, belongs
in here and nothing else does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fedcare.frozen import Count, Fraction, Frozen
from fedcare.protections import Compression, Defence, Privacy


class LocalTraining(Frozen):
    """What an institution does with its own rows in one round.

    ``epochs`` passes over the training rows in batches of ``batch_size`` rows; ``lr`` is the learning rate of the first
    round, and ``lr_schedule`` says how it goes on over the run's rounds (``cosine`` falls towards a hundredth of it).
    ``optimizer`` starts anew in every round; ``momentum`` (0 to below 1) is SGD's alone. ``weight_decay`` (0 to 1)
    pulls weights towards zero at every step. ``loss`` is cross-entropy for classes; for numbers ``mse`` or ``huber``,
    both on the standardised target.
    ``label_smoothing`` (0 to below 1) and ``class_weights`` act on cross-entropy alone. ``augment`` changes training
    images at random: ``flip`` (left to right), or ``standard`` (small turn, zoom and shift, contrast and brightness).
    ``proximal_mu`` is FedProx's weight of half the squared distance to the global weights (Li et al., MLSys 2020).
    ``full_batch`` makes one step an epoch over all rows, as FedSGD does.
    """

    epochs: Count = 5
    batch_size: Count = 32
    full_batch: bool = False
    optimizer: Literal["adam", "sgd"] = "adam"
    lr: float = Field(default=1e-3, gt=0.0, le=10.0)
    lr_schedule: Literal["constant", "cosine"] = "constant"
    momentum: float = Field(default=0.0, ge=0.0, lt=1.0)
    weight_decay: float = Field(default=0.0, ge=0.0, le=1.0)
    loss: Literal["mse", "huber"] = "mse"
    label_smoothing: float = Field(default=0.0, ge=0.0, lt=1.0)
    class_weights: Literal["none", "balanced"] = "none"
    augment: Literal["none", "flip", "standard"] = "none"
    proximal_mu: float = Field(default=0.0, ge=0.0)


class RoundPolicy(Frozen):
    """How many ``rounds`` there are and who takes part in each.

    ``fraction_train`` and ``fraction_evaluate`` of the available institutions are asked, at least ``min_per_round``;
    a run waits for ``min_available`` institutions, and a round stands only when ``min_per_round`` usable answers came.
    ``deadline`` is the longest a round waits for answers, in seconds. Once it is known how quickly answers come, a
    round over real nodes waits for three times the slowest of the last five rounds, but never less than ``grace``
    seconds: the time a node has to come back from a restart without missing the round. ``patience`` is how many seconds
    a run waits at its start for institutions that are not connected yet. ``min_records``: an institution with fewer
    usable training rows takes no part. ``outlier_factor``: an update that moved more than this many times the median
    distance of its round is dropped.
    """

    rounds: Count = 10
    fraction_train: Fraction = 1.0
    fraction_evaluate: Fraction = 1.0
    min_available: Annotated[int, Field(ge=2)] = 2
    min_per_round: Annotated[int, Field(ge=1)] = 2
    deadline: float = Field(default=3600.0, gt=0.0)
    grace: float = Field(default=60.0, gt=0.0)
    patience: float = Field(default=60.0, ge=0.0)
    min_records: Count = 1
    outlier_factor: float = Field(default=10.0, gt=1.0)


class StrategyChoice(Frozen):
    """An aggregation strategy by its registered ``name`` and its own ``options``."""

    name: str = "fedavg"
    options: dict[str, float] = Field(default_factory=dict)


class Selection(Frozen):
    """Which weights become the model version.

    ``metric`` decides the best round on the pooled validation rows (None: the task's own). With ``average_last`` above
    1, what is evaluated after each round, and may become the version, is the mean of the last that many global weights
    (Izmailov et al., UAI 2018); training itself goes on from the newest.
    """

    metric: str | None = None
    average_last: Count = 1


class Gate(Frozen):
    """When a new model version may answer in place of the active one.

    It must be better on the pooled deciding metric, and worse at no institution by more than ``tolerance``: a
    difference for metrics between 0 and 1, a share of the active version's figure for errors and losses.
    """

    tolerance: float = Field(default=0.02, ge=0.0)


class TrainingPlan(Frozen):
    """A run's whole recipe.

    ``task`` is the task's full declaration (schema, preprocessing, model, deciding metric) rather than its name, so
    that the hash changes whenever what is learned changes.
    """

    task_name: str
    task: dict[str, Any]
    local: LocalTraining = LocalTraining()
    rounds: RoundPolicy = RoundPolicy()
    strategy: StrategyChoice = StrategyChoice()
    selection: Selection = Selection()
    gate: Gate = Gate()
    privacy: Privacy = Privacy()
    defence: Defence = Defence()
    compression: Compression = Compression()
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 42

    @model_validator(mode="after")
    def _quorum_fits(self) -> TrainingPlan:
        if self.rounds.min_per_round > max(self.rounds.min_available, 2):
            raise ValueError("min_per_round cannot exceed min_available")
        return self

    def canonical(self) -> str:
        """The plan as JSON with sorted keys and no spaces: equal plans give equal text."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, hexadecimal: what an institution approves."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def canonical_json(value: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces; raises ValueError on NaN or infinity."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def derive_seed(seed: int, *parts: str | int) -> int:
    """A seed of 63 bits for one purpose, such as ``derive_seed(plan.seed, round, institution, "batches")``.

    A hash rather than a sum, so that neighbouring rounds and institutions get unrelated streams, and stateless, so that
    a resumed run continues with the bits the killed one would have used.
    """
    text = ":".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
