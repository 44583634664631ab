"""Adam and SGD without ``torch.optim``'s classes, whose first step imports a compiler for two seconds.

Weight decay is decoupled in both (Loshchilov and Hutter, ICLR 2019): a step first shrinks every learned weight by
``lr * weight_decay`` of itself. State begins at zero with every optimiser; none travels between rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi

import torch
from torch import Tensor
from torch.optim.adam import adam

from fedcare.plan import LocalTraining

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
COSINE_END = 0.01


class Adam:
    """Adam (Kingma and Ba, ICLR 2015) as one fused kernel; equals ``torch.optim.AdamW``."""

    def __init__(self, parameters: Sequence[Tensor], weight_decay: float) -> None:
        self._parameters = list(parameters)
        self._decay = weight_decay
        self._first = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._second = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._steps = [torch.zeros((), device=parameter.device) for parameter in self._parameters]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], lr: float) -> None:
        """Move the parameters; ``gradients`` in their order."""
        adam(
            self._parameters,
            list(gradients),
            self._first,
            self._second,
            [],
            self._steps,
            fused=True,
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=lr,
            weight_decay=self._decay,
            eps=EPSILON,
            maximize=False,
            decoupled_weight_decay=True,
        )

    def reset(self) -> None:
        """State at zero, in the same memory."""
        for state in (*self._first, *self._second, *self._steps):
            state.zero_()

    def first_rows(self, count: int) -> Adam:
        """The same optimiser over the first ``count`` rows of every parameter; it shares memory and step count."""
        part = Adam([], self._decay)
        part._parameters = [parameter[:count] for parameter in self._parameters]
        part._first = [state[:count] for state in self._first]
        part._second = [state[:count] for state in self._second]
        part._steps = self._steps
        return part


class SGD:
    """Stochastic gradient descent with momentum: the velocity is ``momentum`` times itself plus the gradient."""

    def __init__(self, parameters: Sequence[Tensor], weight_decay: float, momentum: float) -> None:
        self._parameters = list(parameters)
        self._decay = weight_decay
        self._momentum = momentum
        self._velocity = [torch.zeros_like(parameter) for parameter in self._parameters] if momentum else []

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], lr: float) -> None:
        """Move the parameters; ``gradients`` in their order."""
        if self._decay:
            torch._foreach_mul_(self._parameters, 1.0 - lr * self._decay)
        moves = list(gradients)
        if self._momentum:
            torch._foreach_mul_(self._velocity, self._momentum)
            torch._foreach_add_(self._velocity, moves)
            moves = self._velocity
        torch._foreach_add_(self._parameters, moves, alpha=-lr)

    def reset(self) -> None:
        """State at zero, in the same memory."""
        for state in self._velocity:
            state.zero_()

    def first_rows(self, count: int) -> SGD:
        """The same optimiser over the first ``count`` rows of every parameter; it shares memory."""
        part = SGD([], self._decay, self._momentum)
        part._parameters = [parameter[:count] for parameter in self._parameters]
        part._velocity = [state[:count] for state in self._velocity]
        return part


def make_optimizer(parameters: Sequence[Tensor], local: LocalTraining) -> Adam | SGD:
    """The plan's optimiser over ``parameters``, its state at zero."""
    if local.optimizer == "adam":
        return Adam(parameters, local.weight_decay)
    return SGD(parameters, local.weight_decay, local.momentum)


def learning_rate(local: LocalTraining, round_number: int, rounds: int) -> float:
    """The learning rate of a round, 1 to ``rounds``; it does not change within a round.

    ``cosine`` falls along half a cosine from ``lr`` in the first round to a hundredth of it in the last (Loshchilov and
    Hutter, ICLR 2017, without restarts).
    """
    if local.lr_schedule == "constant" or rounds < 2:
        return local.lr
    way = min((round_number - 1) / (rounds - 1), 1.0)
    return local.lr * (COSINE_END + (1.0 - COSINE_END) * 0.5 * (1.0 + cos(pi * way)))
