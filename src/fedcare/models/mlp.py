"""The multilayer perceptron for tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from fedcare.models.layers import Dropout, Linear


class MLP(nn.Module):
    """Linear layers with ReLU between them, and dropout after each ReLU where ``dropout`` is above zero.

    ``widths`` are the number of features, the hidden widths and the number of outputs. Input ``(rows, features)``,
    output ``(rows, outputs)``.
    """

    def __init__(self, widths: Sequence[int], dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Linear(before, after) for before, after in pairwise(widths))
        self.dropouts = nn.ModuleList(Dropout(dropout) for _ in widths[1:-1])

    def forward(self, inputs: Tensor) -> Tensor:
        """Raw outputs: the standardised number, or one logit per class."""
        hidden = inputs
        for layer, dropout in zip(self.layers, self.dropouts, strict=False):
            hidden = dropout(nn.functional.relu(layer(hidden)))
        return self.layers[-1](hidden)  # type: ignore[no-any-return]
