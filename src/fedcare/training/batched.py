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
from fedcare.training.stacked_mlp import StackedMLP, first_models, matrix_of, parameters_of, stack_of
from fedcare.training.together_plan import Steps, plan_steps
from fedcare.update import Vector

Matrix = npt.NDArray[np.float32]


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


def train_together(
    spec: ModelSpec,
    vector: Vector,
    datasets: Sequence[Dataset],
    local: LocalTraining,
    round_number: int,
    rounds: int,
    seeds: Sequence[int],
) -> tuple[Matrix, npt.NDArray[np.float64]]:
    """Train every institution from the global ``vector``, each with its own rows and seed.

    Gives the weights ``(institutions, parameters)`` and the mean training losses ``(institutions,)`` in the order of
    ``datasets``: what ``local.train`` gives for each, up to rounding (below 1e-4). Raises ``EngineUnavailable`` for
    what ``supports`` refuses, ``TooFewRecords`` for an institution without rows.
    """
    if reason := supports(local, spec, datasets[0].device):
        raise EngineUnavailable(engine="batched", reason=reason)
    if not all(len(dataset) for dataset in datasets):
        raise TooFewRecords(who="An institution", found=0, needed=1, hint="Leave it out of the round.")
    widths = _widths(spec, vector, datasets[0].inputs.shape[1])
    steps = plan_steps([len(dataset) for dataset in datasets], local, seeds)
    stack = _Stack(vector, widths, datasets, local, steps)
    lr = learning_rate(local, round_number, rounds)
    for step in range(len(steps.active)):
        stack.step(step, lr)
    return stack.result()


def _widths(spec: ModelSpec, vector: Vector, features: int) -> tuple[int, ...]:
    """Widths of all layers; the number of outputs follows from the vector's length."""
    assert isinstance(spec, MLPSpec)
    one = parameters_of(mlp_widths(spec, features, 1))
    per_output = parameters_of(mlp_widths(spec, features, 2)) - one
    outputs, rest = divmod(len(vector) - one, per_output)
    if rest or outputs < 0:
        raise BadUpdate(institution="the coordinator", reason=f"{len(vector)} weights do not fit the model")
    return mlp_widths(spec, features, outputs + 1)


class _Stack:
    """The institutions' weights, their rows and the optimiser, in the order of ``steps.order``."""

    def __init__(
        self,
        vector: Vector,
        widths: tuple[int, ...],
        datasets: Sequence[Dataset],
        local: LocalTraining,
        steps: Steps,
    ) -> None:
        self._steps, self._local, self._widths = steps, local, widths
        origin = torch.from_numpy(np.array(vector, dtype=np.float32))
        self._origin = stack_of(origin, widths, 1)
        self._stack = stack_of(origin, widths, len(datasets))
        self._gradients = [torch.empty_like(tensor) for tensor in self._stack]
        self._inputs = torch.cat([dataset.inputs for dataset in datasets])
        self._answers, row_factors = _answers(datasets, local, widths[-1])
        self._rows = torch.from_numpy(steps.rows)
        self._weights = torch.from_numpy(steps.row_weights())
        if row_factors is not None:
            self._weights *= row_factors[self._rows]
        self._losses = torch.zeros(steps.lengths.shape)
        self._optimizer = make_optimizer(self._stack, local)
        self._parts: dict[int, Adam | SGD] = {}
        self._networks: dict[tuple[int, int], StackedMLP] = {}

    def step(self, step: int, lr: float) -> None:
        """One step of every institution that has not finished."""
        active, width = self._steps.active[step], self._steps.widths[step]
        network = self._network(active, width)
        rows = self._rows[step, :active, :width].reshape(-1)
        torch.index_select(self._inputs, 0, rows, out=network.inputs.view(active * width, -1))
        answers = self._answers.index_select(0, rows).view(active, width, -1)
        weights = self._weights[step, :active, :width, None]
        loss, slope = self._loss(network.forward(), answers, weights)
        self._losses[step, :active] = loss
        network.backward(slope)
        gradients = first_models(self._gradients, active)
        if self._local.proximal_mu > 0.0:
            self._pull(gradients, active)
        self._part(active).step(gradients, lr)

    def result(self) -> tuple[Matrix, npt.NDArray[np.float64]]:
        """Weights and mean losses in the caller's order."""
        order, lengths = self._steps.order, self._steps.lengths
        losses = (self._losses.numpy() * lengths).sum(axis=0, dtype=np.float64) / lengths.sum(axis=0)
        matrix = matrix_of(self._stack).numpy()
        if order == sorted(order):
            return matrix, losses
        back = np.argsort(order)
        return matrix[back], losses[back]

    def _pull(self, gradients: list[Tensor], active: int) -> None:
        """Add FedProx's gradient, mu times the way from the global weights."""
        for gradient, weights, origin in zip(gradients, first_models(self._stack, active), self._origin, strict=True):
            gradient.add_(weights - origin, alpha=self._local.proximal_mu)

    def _network(self, active: int, width: int) -> StackedMLP:
        key = active, width
        if key not in self._networks:
            stack, gradients = first_models(self._stack, active), first_models(self._gradients, active)
            self._networks[key] = StackedMLP(stack, gradients, self._widths, width)
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
