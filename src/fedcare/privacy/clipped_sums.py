"""The sum of a batch's gradients, each record's clipped by itself, without any record's gradient in memory.

A layer's gradient of one record follows from what went into the layer and from the loss's gradient at what came out
(``layer_rules``). Once the records' norms are known, one weighted product a layer gives the clipped sum: the batch goes
forward and backward once (book-keeping: Bu et al., ICML 2023).

One record changes the sum by at most ``clip`` in Euclidean norm, up to float32's rounding of some 1e-6 of it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from fedcare.privacy.layer_rules import Seen, rule_of

RowLosses = Callable[[Tensor, Tensor], Tensor]
"""From outputs ``(rows, outputs)`` and targets ``(rows,)`` to each row's own loss ``(rows,)``."""

# Keeps the factor of a record without any gradient finite.
TINY = 1e-6


def clipped_sums(model: nn.Module, losses: RowLosses, inputs: Tensor, targets: Tensor, clip: float) -> list[Tensor]:
    """The sums of the rows' gradients, clipped to the norm ``clip``, in the order of ``model.parameters()``.

    A row whose gradient is not finite counts for nothing: let through, it would tell that it is there. Raises
    ``TypeError`` for a layer without a rule: batch norm mixes rows, so that no record has a gradient of its own.
    """
    parameters = list(model.parameters())
    if not len(targets):
        return [torch.zeros_like(parameter) for parameter in parameters]
    seen = _seen(model, losses, inputs, targets)
    norms = torch.stack([rule_of(each.layer).squares(each) for each in seen]).sum(0).sqrt()
    sound = torch.isfinite(norms)
    if not sound.all():
        seen, norms = [each.rows(sound) for each in seen], norms[sound]
    factors = (clip / (norms + TINY)).clamp(max=1.0)
    sums: dict[nn.Parameter, Tensor] = {}
    for each in seen:
        own = rule_of(each.layer).sums(each, factors)
        sums |= dict(zip(each.layer.parameters(recurse=False), own, strict=True))
    return [sums[parameter] for parameter in parameters]


@torch.enable_grad()
def _seen(model: nn.Module, losses: RowLosses, inputs: Tensor, targets: Tensor) -> list[Seen]:
    """Forward, and backward as far as the first layer's output: no weight's gradient is computed."""
    went_in: dict[nn.Module, Tensor] = {}
    came_out: list[Tensor] = []
    slopes: dict[nn.Module, Tensor] = {}

    def watch(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        if layer in went_in:
            raise TypeError(f"{type(layer).__name__} is used twice in one pass: its gradient would count half")
        went_in[layer] = given[0].detach()
        came_out.append(output)
        # Called with the gradient at what the layer itself gave, even where an activation then changes it in place.
        output.register_hook(lambda slope: slopes.__setitem__(layer, slope))  # type: ignore[no-untyped-call]

    layers = [layer for layer in model.modules() if any(True for _ in layer.parameters(recurse=False))]
    for layer in layers:
        rule_of(layer)
    hooks = [layer.register_forward_hook(watch) for layer in layers]
    try:
        total = losses(model(inputs), targets).sum()
    finally:
        for hook in hooks:
            hook.remove()
    torch.autograd.grad(total, came_out[:1])
    return [Seen(layer, went_in[layer], slopes[layer]) for layer in layers]
