"""A task: what is learned, as one declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from fedcare.data.schema import Kind, Schema
from fedcare.frozen import Frozen
from fedcare.models.spec import KINDS, MLPSpec, ModelSpec
from fedcare.plan import Gate, LocalTraining, RoundPolicy, Selection, StrategyChoice
from fedcare.protections import Compression, Defence, Privacy

# What a task may be called.
NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
# Which metrics exist for a kind of target, and whether a smaller value is better.
METRICS: dict[Kind, dict[str, Literal["higher", "lower"]]] = {
    "regression": {"r2": "higher", "mse": "lower", "mae": "lower", "loss": "lower"},
    "binary": {
        "auc": "higher",
        "accuracy": "higher",
        "sensitivity": "higher",
        "specificity": "higher",
        "brier": "lower",
        "loss": "lower",
    },
    "multiclass": {"auc": "higher", "accuracy": "higher", "brier": "lower", "loss": "lower"},
}


class Synthetic(Frozen):
    """How many records a generator makes and of what kind.

    ``num_samples`` is the number of rows or images of all institutions together. ``pos_ratio`` is the share of positive
    images, 0 to 1; the default is what the five hospitals have together.
    """

    num_samples: Annotated[int, Field(ge=1)] = 800
    pos_ratio: float = Field(default=0.2675, gt=0.0, lt=1.0)


class Task(Frozen):
    """Records, model and the figure that decides, with the settings a run starts from.

    ``origin`` names where records come from when the user names none: a generator (``synthetic-images``,
    ``synthetic-insurance``), a table that ships with scikit-learn (``sklearn:breast_cancer``, ``sklearn:diabetes``), or
    None. ``metric`` is the deciding metric; None takes the kind's usual one (``r2`` or ``auc``). ``threshold`` says
    how a binary task turns a probability into a class: ``half`` cuts at one half, ``balanced`` at the cut that
    maximises sensitivity plus specificity on the pooled validation rows (Youden, Cancer 1950). ``partition`` is how a
    simulation divides one set of records into institutions. ``private`` are the settings, as ``--set`` takes them, that
    go with ``--private``: noise asks for another model and other steps than training without it.
    """

    name: Annotated[str, Field(pattern=NAME)]
    title: str
    description: str = ""
    records: Schema
    model: ModelSpec = MLPSpec()
    metric: str | None = None
    threshold: Literal["half", "balanced"] = "half"
    origin: str | None = None
    synthetic: Synthetic = Synthetic()
    partition: str = "hospitals"
    private: Mapping[str, str] = Field(default_factory=dict)
    local: LocalTraining = LocalTraining()
    rounds: RoundPolicy = RoundPolicy()
    strategy: StrategyChoice = StrategyChoice()
    selection: Selection = Selection()
    gate: Gate = Gate()
    privacy: Privacy = Privacy()
    defence: Defence = Defence()
    compression: Compression = Compression()

    @property
    def kind(self) -> Kind:
        """Kind of target."""
        return self.records.target.kind

    @property
    def deciding_metric(self) -> str:
        """The metric by which rounds and versions are compared."""
        return self.metric or ("r2" if self.kind == "regression" else "auc")

    @model_validator(mode="after")
    def _parts_fit(self) -> Task:
        if self.deciding_metric not in METRICS[self.kind]:
            raise ValueError(f"metric must be one of {', '.join(METRICS[self.kind])}")
        if self.model.kind not in (fitting := KINDS[self.records.kind]):
            raise ValueError(f"the model of a task on {self.records.kind}s must be {' or '.join(fitting)}")
        return self

    def higher_is_better(self) -> bool:
        """Direction of the deciding metric."""
        return METRICS[self.kind][self.deciding_metric] == "higher"

    def declaration(self) -> dict[str, object]:
        """What a plan holds of the task: all that decides what is learned, without where records come from."""
        elsewhere = {"local", "rounds", "strategy", "selection", "gate", "privacy", "defence", "compression"}
        return self.model_dump(mode="json", exclude={"origin", "synthetic", "partition", "private"} | elsewhere)
