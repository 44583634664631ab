"""What clipping single records' gradients costs: seconds of a batch against plain training, here and in Opacus.

Protocol: the batch's loss forward and backward to clipped and summed gradients, without noise or the optimiser's step,
as both add the same of those; random rows; one thread; the quickest of some repeats, the ways taking turns. Opacus:
``hooks`` and ``ew`` keep every record's gradient, ``ghost`` goes backward twice. Its ResNet may change nothing in
place, so its ReLUs do not; and it knows its own layers by their exact type, so that for FedCare's subclasses of torch's
layers it takes its general and slow rule. On torch's own layers hooks and ghost were about as quick as plain training.

Reading: seconds by way, and how many times plain training that is. All ways give the same sums to 1e-5, which
``tests/privacy/test_clipped_sums.py`` checks.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any
from unittest import mock

import torch
from opacus import GradSampleModule
from opacus.grad_sample import GradSampleModuleFastGradientClipping
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, relu

from benchmarks.output import emit, parser, progress, table
from fedcare.models import resnet
from fedcare.models.build import build
from fedcare.models.spec import MLPSpec, ModelSpec, ResNetSpec
from fedcare.privacy.clipped_sums import clipped_sums

CLIP = 1.0
CASES: dict[str, tuple[ModelSpec, tuple[int, ...]]] = {
    "perceptron, 32 rows": (MLPSpec(), (32, 30)),
    "perceptron, 512 rows": (MLPSpec(), (512, 30)),
    "residual network, 28 px, 32 rows": (ResNetSpec(norm="group"), (32, 1, 28, 28)),
}


def losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Each row's own."""
    return cross_entropy(outputs, targets, reduction="none")


def plain(model: nn.Module) -> Callable[[Tensor, Tensor], None]:
    """The usual backward pass."""

    def step(inputs: Tensor, targets: Tensor) -> None:
        losses(model(inputs), targets).mean().backward()

    return step


def here(model: nn.Module) -> Callable[[Tensor, Tensor], None]:
    """Book-keeping."""

    def step(inputs: Tensor, targets: Tensor) -> None:
        clipped_sums(model, losses, inputs, targets, CLIP)

    return step


def with_samples(model: nn.Module, mode: str) -> Callable[[Tensor, Tensor], None]:
    """Opacus with every record's gradient in memory."""
    wrapped = GradSampleModule(model, loss_reduction="sum", force_functorch=False, strict=False)
    if mode == "ew":
        from opacus.grad_sample import GradSampleModuleExpandedWeights

        wrapped.remove_hooks()
        wrapped = GradSampleModuleExpandedWeights(model, loss_reduction="sum")

    def step(inputs: Tensor, targets: Tensor) -> None:
        losses(wrapped(inputs), targets).sum().backward()
        each = [parameter.grad_sample for parameter in model.parameters()]
        norms = torch.stack([gradient.flatten(1).norm(dim=1) for gradient in each]).norm(dim=0)
        factors = (CLIP / (norms + 1e-6)).clamp(max=1.0)
        for gradient in each:
            torch.einsum("r,r...->...", factors, gradient)
        for parameter in model.parameters():
            parameter.grad = parameter.grad_sample = None

    return step


def ghost(model: nn.Module) -> Callable[[Tensor, Tensor], None]:
    """Opacus' fast gradient clipping."""
    wrapped = GradSampleModuleFastGradientClipping(
        model, loss_reduction="sum", max_grad_norm=CLIP, use_ghost_clipping=True
    )

    def step(inputs: Tensor, targets: Tensor) -> None:
        each = losses(wrapped(inputs), targets)
        each.sum().backward(retain_graph=True)
        factors = wrapped.get_clipping_coef()
        for parameter in model.parameters():
            parameter.grad = None
        wrapped.disable_hooks()
        (factors * each).sum().backward()
        wrapped.enable_hooks()
        for parameter in model.parameters():
            parameter.grad = None

    return step


WAYS: dict[str, Callable[[nn.Module], Callable[[Tensor, Tensor], None]]] = {
    "plain": plain,
    "FedCare": here,
    "Opacus hooks": lambda model: with_samples(model, "hooks"),
    "Opacus ew": lambda model: with_samples(model, "ew"),
    "Opacus ghost": ghost,
}


def measure(repeats: int, ways: list[str], cases: list[str]) -> dict[str, Any]:
    """The quickest of the repeats, in seconds, by case and way."""
    torch.set_num_threads(1)
    found: dict[str, dict[str, float]] = {}
    for case in cases:
        spec, shape = CASES[case]
        inputs, targets = torch.randn(*shape), torch.randint(2, shape[:1])
        steps = {}
        for way in ways:
            try:
                steps[way] = WAYS[way](build(spec, shape[1], 2, seed=1))
                steps[way](inputs, targets)
            except Exception as error:  # Some of Opacus' modes cannot do some models; that is a result too.
                steps.pop(way, None)
                progress(f"{case}: {way} cannot ({type(error).__name__}: {str(error)[:80]})")
        found[case] = dict.fromkeys(steps, float("inf"))
        for _ in range(repeats):
            for way, step in steps.items():
                started = time.perf_counter()
                step(inputs, targets)
                found[case][way] = min(found[case][way], time.perf_counter() - started)
        progress(f"{case}: done")
    return {"benchmark": "dp_speed", "threads": 1, "seconds": found}


def report(result: dict[str, Any]) -> str:
    """A line a case and way."""
    rows = [["batch", "way", "ms", "times plain"]]
    for case, ways in result["seconds"].items():
        rows += [[case, way, f"{1e3 * took:.2f}", f"{took / ways['plain']:.2f}"] for way, took in ways.items()]
    return table(rows)


def main() -> None:
    """Measure and print."""
    line = parser(__doc__, seed=None)
    line.add_argument("--repeats", type=int, default=30)
    line.add_argument("--ways", default=",".join(WAYS))
    line.add_argument("--cases", type=int, default=len(CASES), help="only the first so many")
    options = line.parse_args()
    warnings.simplefilter("ignore")
    out_of_place = mock.patch.object(resnet, "relu", lambda inputs, inplace=False: relu(inputs))
    with out_of_place:
        result = measure(options.repeats, options.ways.split(","), list(CASES)[: options.cases])
    emit(result, report(result), options.json)


if __name__ == "__main__":
    main()
