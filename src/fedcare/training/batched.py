"""All institutions of a round trained together, for perceptrons: the same steps as one after the other, far sooner.

The institutions' weights are stacked layer by layer; every step is one batched product a layer and one step of one
optimiser over the stack. Institutions stand sorted by their number of steps, so that those still training are always
the first of the stack and a finished one is left exactly as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fedcare.errors import BadUpdate, EngineUnavailable, TooFewRecords
from fedcare.models.build import mlp_widths
from fedcare.models.spec import MLPSpec, ModelSpec
from fedcare.plan import LocalTraining
from fedcare.training.dataset import Dataset
from fedcare.training.losses import balanced_weights
from fedcare.training.optimizers import SGD, Adam, learning_rate, make_optimizer
from fedcare.training.stacked_mlp import Scratch, StackedMLP, empty_stack, fill, first_models, parameters_of, read
from fedcare.training.together_plan import Steps
from fedcare.update import Vector

Floats = npt.NDArray[np.float64]


def supports(local: LocalTraining, spec: ModelSpec, device: torch.device | None = None) -> str | None:
    """Why this plan cannot be trained together, in words for the user; None where it can."""
    if not isinstance(spec, MLPSpec):
        return "it trains perceptrons only"
    if spec.dropout > 0.0:
        return "it has no dropout"
    if local.augment != "none":
        return "it augments nothing"
    if device is not None and device.type != "cpu":
        return f"it runs on the CPU, not on {device.type}"
    return None


def _widths(spec: ModelSpec, parameters: int, features: int) -> tuple[int, ...]:
    """Widths of all layers; the number of outputs follows from the vector's length."""
    assert isinstance(spec, MLPSpec)
    one = parameters_of(mlp_widths(spec, features, 1))
    per_output = parameters_of(mlp_widths(spec, features, 2)) - one
    outputs, rest = divmod(parameters - one, per_output)
    if rest or outputs < 0:
        raise BadUpdate(institution="the coordinator", reason=f"{parameters} weights do not fit the model")
    return mlp_widths(spec, features, outputs + 1)


class Together:
    """Trains the same institutions round after round, in memory that every round uses again."""

    def __init__(
        self, spec: ModelSpec, parameters: int, datasets: Sequence[Dataset], local: LocalTraining, rounds: int
    ) -> None:
        """``parameters``: length of the model's flat vector. ``rounds``: of the whole run, for the learning rate.

        Raises ``EngineUnavailable`` for what ``supports`` refuses, ``TooFewRecords`` for an institution without rows,
        ``BadUpdate`` for a length that is not the model's.
        """
        if reason := supports(local, spec, datasets[0].device):
            raise EngineUnavailable(engine="batched", reason=reason)
        if not all(len(dataset) for dataset in datasets):
            raise TooFewRecords(who="An institution", found=0, needed=1, hint="Leave it out of the round.")
        self._local, self._rounds = local, rounds
        self._widths = _widths(spec, parameters, datasets[0].inputs.shape[1])
        self._steps = Steps([len(dataset) for dataset in datasets], local)
        self._inputs = torch.cat([dataset.inputs for dataset in datasets])
        self._answers, self._row_factors = _answers(datasets, local, self._widths[-1])
        self._weights = torch.from_numpy(self._steps.row_weights())
        self._losses = torch.zeros(self._steps.lengths.shape)
        self._origin = empty_stack(self._widths, 1)
        self._stack = empty_stack(self._widths, len(datasets))
        self._gradients = empty_stack(self._widths, len(datasets))
        self._scratch = Scratch(self._widths, len(datasets) * max(self._steps.widths))
        self._matrix = torch.empty(len(datasets), parameters)
        self._back = np.argsort(self._steps.order)
        self._optimizer = make_optimizer(self._stack, local)
        self._parts: dict[int, Adam | SGD] = {}
        self._networks: dict[tuple[int, int], StackedMLP] = {}

    def train(self, vector: Vector, round_number: int, seeds: Sequence[int]) -> tuple[list[Vector], Floats]:
        """Train every institution from the global ``vector``, each with its own rows and seed.

        Gives each institution's weights, flat, and the mean training losses ``(institutions,)`` in the order of the
        datasets: what ``local.train`` gives for each, up to rounding (below 1e-4). The next round overwrites the
        weights.
        """
        fill(self._origin, torch.from_numpy(np.array(vector, dtype=np.float32))[None])
        for weights, origin in zip(self._stack, self._origin, strict=True):
            weights.copy_(origin)
        self._optimizer.reset()
        rows = torch.from_numpy(self._steps.rows(seeds))
        factors = self._weights if self._row_factors is None else self._weights * self._row_factors[rows]
        lr = learning_rate(self._local, round_number, self._rounds)
        for step, (active, width) in enumerate(zip(self._steps.active, self._steps.widths, strict=True)):
            batch = rows[step, :active, :width], factors[step, :active, :width, None]
            self._losses[step, :active] = self._step(*batch, lr)
        return self._result()

    def _step(self, rows: Tensor, weights: Tensor, lr: float) -> Tensor:
        """One step of the institutions that have not finished; gives their losses."""
        active, width = rows.shape
        network = self._network(active, width)
        places = rows.reshape(-1)
        torch.index_select(self._inputs, 0, places, out=network.inputs.view(active * width, -1))
        answers = self._answers.index_select(0, places).view(active, width, -1)
        loss, slope = self._loss(network.forward(), answers, weights)
        network.backward(slope)
        gradients = first_models(self._gradients, active)
        if self._local.proximal_mu > 0.0:
            self._pull(gradients, active)
        self._part(active).step(gradients, lr)
        return loss

    def _result(self) -> tuple[list[Vector], Floats]:
        """Weights and mean losses in the caller's order."""
        lengths = self._steps.lengths
        losses = (self._losses.numpy() * lengths).sum(axis=0, dtype=np.float64) / lengths.sum(axis=0)
        read(self._stack, self._matrix)
        matrix = self._matrix.numpy()
        return [matrix[place] for place in self._back], losses[self._back]

    def _pull(self, gradients: list[Tensor], active: int) -> None:
        """Add FedProx's gradient, mu times the way from the global weights."""
        for gradient, weights, origin in zip(gradients, first_models(self._stack, active), self._origin, strict=True):
            gradient.add_(weights - origin, alpha=self._local.proximal_mu)

    def _network(self, active: int, width: int) -> StackedMLP:
        key = active, width
        if key not in self._networks:
            stack, gradients = first_models(self._stack, active), first_models(self._gradients, active)
            self._networks[key] = StackedMLP(stack, gradients, self._scratch, width)
        return self._networks[key]

    def _part(self, active: int) -> Adam | SGD:
        if active not in self._parts:
            self._parts[active] = self._optimizer.first_rows(active)
        return self._parts[active]

    def _loss(self, outputs: Tensor, answers: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        if self._widths[-1] > 1:
            return cross_entropy(outputs, answers, weights)
        return (squared_error if self._local.loss == "mse" else huber)(outputs, answers, weights)


def _answers(datasets: Sequence[Dataset], local: LocalTraining, outputs: int) -> tuple[Tensor, Tensor | None]:
    """What every row should give, ``(rows, outputs)``, and its factor by class weight, ``(rows,)``.

    For classes that is one-hot, smoothed as the plan says.
    """
    if datasets[0].is_regression:
        return torch.cat([dataset.targets for dataset in datasets])[:, None], None
    smoothing = local.label_smoothing
    soft = torch.eye(outputs) * (1.0 - smoothing) + smoothing / outputs
    answers = soft[torch.cat([dataset.targets for dataset in datasets])]
    if local.class_weights == "none":
        return answers, None
    return answers, torch.cat([balanced_weights(dataset.targets)[dataset.targets] for dataset in datasets])


# Losses of a stack and their gradients at the outputs. All take outputs and answers (models, rows, outputs) and row
# weights (models, rows, 1), and give the weighted losses (models,) and the gradients (models, rows, outputs).


def squared_error(outputs: Tensor, answers: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Squared error of one output."""
    error = outputs - answers
    slope = error * weights
    return (error * slope).sum((1, 2)), slope.mul_(2.0)


def huber(outputs: Tensor, answers: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Huber's loss with its corner at 1 (Huber, Annals of Mathematical Statistics 1964)."""
    error = outputs - answers
    clipped = error.clamp(-1.0, 1.0)
    slope = clipped * weights
    return (slope * (error - 0.5 * clipped)).sum((1, 2)), slope


def cross_entropy(outputs: Tensor, answers: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy against answers that sum to 1."""
    logs = torch.log_softmax(outputs, 2)
    slope = (logs.exp() - answers).mul_(weights)
    return -(answers * logs * weights).sum((1, 2)), slope
