"""An image found again from the gradient of one step (Geiping et al., NeurIPS 2020, section 4).

The attacker looks for the image whose gradient points the same way, among images whose neighbouring pixels are alike.
The label is his for nothing: it can be read from the last layer's gradient (Zhao et al., 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fedcare.attacks.protection import Protection, protection_of
from fedcare.data.preprocessing import Preprocessing
from fedcare.federation.coordinator import initial_weights
from fedcare.federation.study import Study
from fedcare.models.build import build
from fedcare.models.vector import load_vector
from fedcare.plan import derive_seed
from fedcare.tasks.size import feature_count
from fedcare.training.dataset import Dataset, make_dataset

Pixels = npt.NDArray[np.uint8]
OnStep = Callable[[int, int], None]
"""Hears of each search that has ended: its number, and how many there are."""

IMAGES, STEPS = 2, 150
RATE, SMOOTHNESS = 0.1, 0.01
# The rate falls to a tenth after these shares of the steps.
FALLS = (0.6, 0.85)
# Side of the windows in which two images are compared, and SSIM's constants (Wang et al., IEEE TIP 2004).
SIDE, FIRST, SECOND = 7, 0.01**2, 0.03**2


@dataclass(frozen=True)
class InvertedImages:
    """Originals and what was found without and with protection: uint8 ``(height, width)`` each.

    ``plain`` and ``protected`` are the mean likeness (SSIM) of what was found to the originals: 1 for the same image,
    about 0 for one that has nothing in common with it. ``plain_noise`` and ``protected_noise`` are the peak
    signal-to-noise ratios in decibels.
    """

    originals: tuple[Pixels, ...]
    found: tuple[Pixels, ...]
    found_protected: tuple[Pixels, ...]
    plain: float
    protected: float
    plain_noise: float
    protected_noise: float
    protection: Protection


def attack(study: Study, preprocessing: Preprocessing, seed: int, on_step: OnStep) -> InvertedImages:
    """Attack the gradients of single images at the initial weights, at the institution with the most rows."""
    largest = max(study.institutions, key=lambda each: len(each.train))
    random = np.random.default_rng(derive_seed(seed, "inversion"))
    data = make_dataset(preprocessing, largest.train, torch.device("cpu"))
    chosen = random.permutation(len(data))[:IMAGES]
    model, protection = _model(study), protection_of(study.plan)
    plain, protected, originals = [], [], []
    of = 2 * len(chosen)
    for place, row in enumerate(chosen):
        image, target = data.batch(np.array([row]))
        gradient = gradient_of(model, image, target)
        originals.append(image)
        plain.append(search(model, gradient, target, _start(image, random), data, STEPS))
        on_step(2 * place + 1, of)
        protected.append(
            search(model, _protected(gradient, protection, random), target, _start(image, random), data, STEPS)
        )
        on_step(2 * place + 2, of)
    return _compared(originals, plain, protected, data, protection)


def _model(study: Study) -> nn.Module:
    """The model of the first round; in evaluation, as no batch has been seen whose statistics would mix the rows."""
    features = feature_count(study.task)
    _, vector = initial_weights(study.task, study.plan.seed, features)
    model = build(study.task.model, features, len(study.task.records.target.classes), seed=0)
    load_vector(model, vector)
    return model.eval()


def _start(image: Tensor, random: np.random.Generator) -> Tensor:
    return torch.from_numpy(random.normal(size=tuple(image.shape)).astype(np.float32))


def _protected(gradient: list[Tensor], protection: Protection, random: np.random.Generator) -> list[Tensor]:
    norm = float(torch.stack([each.square().sum() for each in gradient]).sum().sqrt())
    cut = min(1.0, protection.clip / norm) if norm > 0.0 else 1.0
    return protection.noisy([each * cut for each in gradient], random)


# -- the search -------------------------------------------------------------------------------------------------------


def gradient_of(model: nn.Module, image: Tensor, target: Tensor, graph: bool = False) -> list[Tensor]:
    """The loss's gradient at the model's weights; ``graph`` lets it be differentiated once more."""
    loss = functional.cross_entropy(model(image), target)
    return list(torch.autograd.grad(loss, list(model.parameters()), create_graph=graph))


@torch.enable_grad()
def search(
    model: nn.Module, gradient: Sequence[Tensor], target: Tensor, start: Tensor, data: Dataset, steps: int
) -> Tensor:
    """The image whose gradient points the way that ``gradient`` does, looked for from ``start`` in so many steps.

    Steps follow the sign of the slope, as its size says little here.
    """
    darkest, brightest = (0.0 - data.mean) / data.scale, (1.0 - data.mean) / data.scale
    image, momentum = start.clamp(darkest, brightest), torch.zeros_like(start)
    for step in range(steps):
        image.requires_grad_(True)
        apart = _apart(gradient_of(model, image, target, graph=True), gradient)
        (slope,) = torch.autograd.grad(apart + SMOOTHNESS * _roughness(image), [image])
        momentum = 0.9 * momentum + 0.1 * slope.sign()
        rate = RATE * 0.1 ** sum(step >= fall * steps for fall in FALLS)
        image = (image.detach() - rate * momentum).clamp(darkest, brightest)
    return image


def _apart(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """One minus the cosine of the angle between two gradients."""
    products = torch.stack([(a * b).sum() for a, b in zip(found, wanted, strict=True)]).sum()
    lengths = [torch.stack([each.square().sum() for each in one]).sum().sqrt() for one in (found, wanted)]
    return 1.0 - products / (lengths[0] * lengths[1]).clamp(min=1e-20)


def _roughness(image: Tensor) -> Tensor:
    """Total variation: mean difference between neighbouring pixels."""
    return image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()


# -- what came of it --------------------------------------------------------------------------------------------------


def _compared(
    originals: list[Tensor], plain: list[Tensor], protected: list[Tensor], data: Dataset, protection: Protection
) -> InvertedImages:
    true, first, second = ([_brightness(each, data) for each in one] for one in (originals, plain, protected))
    return InvertedImages(
        originals=tuple(_pixels(each) for each in true),
        found=tuple(_pixels(each) for each in first),
        found_protected=tuple(_pixels(each) for each in second),
        plain=float(np.mean([likeness(a, b) for a, b in zip(first, true, strict=True)])),
        protected=float(np.mean([likeness(a, b) for a, b in zip(second, true, strict=True)])),
        plain_noise=float(np.mean([decibels(a, b) for a, b in zip(first, true, strict=True)])),
        protected_noise=float(np.mean([decibels(a, b) for a, b in zip(second, true, strict=True)])),
        protection=protection,
    )


def likeness(image: Tensor, other: Tensor) -> float:
    """Structural similarity of two images of brightness 0 to 1, shape ``(1, 1, height, width)`` (Wang et al., 2004)."""

    def mean(values: Tensor) -> Tensor:
        return functional.avg_pool2d(values, SIDE, stride=1)

    a, b = mean(image), mean(other)
    spread_a, spread_b = mean(image * image) - a * a, mean(other * other) - b * b
    together = mean(image * other) - a * b
    upper = (2 * a * b + FIRST) * (2 * together + SECOND)
    return float((upper / ((a * a + b * b + FIRST) * (spread_a + spread_b + SECOND))).mean())


def decibels(image: Tensor, other: Tensor) -> float:
    """Peak signal-to-noise ratio of two images of brightness 0 to 1."""
    return float(-10.0 * torch.log10((image - other).square().mean().clamp(min=1e-10)))


def _brightness(image: Tensor, data: Dataset) -> Tensor:
    return (image.detach() * data.scale + data.mean).clamp(0.0, 1.0)


def _pixels(image: Tensor) -> Pixels:
    return np.asarray((image[0, 0] * 255.0).round().to(torch.uint8).numpy())
