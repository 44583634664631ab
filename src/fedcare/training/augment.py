"""Random changes to training images, computed on whole batches.

The draws come from a generator of the caller's, on the CPU, so that they follow from the plan's seed alone and are the
same on every device.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

Kind = Literal["none", "flip", "standard"]

TURN = 10.0  # Largest rotation each way, degrees.
ZOOM = 0.10  # Largest relative change of size.
SHIFT = 0.10  # Largest shift each way, as a share of the side.
CONTRAST = 0.20  # Largest relative change of the distances to the image's mean.
BRIGHTNESS = 0.50  # Largest shift of all pixels, in standard deviations of the federation's pixels.


def augment(images: Tensor, kind: Kind, random: np.random.Generator) -> Tensor:
    """A changed copy of model-ready ``images``, float32 ``(rows, 1, height, width)``.

    ``flip`` mirrors half of them left to right. ``standard`` turns, zooms and shifts each a little and changes its
    contrast and brightness, as patients stand and machines are set a little differently; it does not mirror, since a
    body's left and right differ. What comes in from outside repeats the image's edge.
    """
    if kind == "none":
        return images
    if kind == "flip":
        mirrored = torch.from_numpy(random.random(len(images)) < 0.5).to(images.device)
        return torch.where(mirrored[:, None, None, None], images.flip(3), images)
    draws = random.random((len(images), 6)) * 2.0 - 1.0
    moved = _move(images, _affine(draws[:, :4], images.shape[-1] / images.shape[-2]))
    tones = torch.from_numpy(draws[:, 4:].astype(np.float32)).to(images.device)[:, :, None, None, None]
    means = moved.mean((1, 2, 3), keepdim=True)
    return moved.sub_(means).mul_(1.0 + CONTRAST * tones[:, 0]).add_(means + BRIGHTNESS * tones[:, 1])


def _affine(draws: npt.NDArray[np.float64], aspect: float) -> npt.NDArray[np.float32]:
    """Where each pixel of the result is taken from: ``(rows, 2, 3)`` in coordinates from -1 to 1.

    ``draws`` are uniform in -1 to 1: turn, zoom, shift to the side, shift up. ``aspect`` is width over height.
    """
    angle, size = np.deg2rad(TURN) * draws[:, 0], 1.0 + ZOOM * draws[:, 1]
    # The coordinates span 2 over the side, so a share of the side is twice that.
    across, down = 2.0 * SHIFT * draws[:, 2], 2.0 * SHIFT * draws[:, 3]
    first = np.stack([size * np.cos(angle), -size * np.sin(angle) / aspect, across], axis=1)
    second = np.stack([size * np.sin(angle) * aspect, size * np.cos(angle), down], axis=1)
    return np.stack([first, second], axis=1).astype(np.float32)


def _move(images: Tensor, affine: npt.NDArray[np.float32]) -> Tensor:
    matrices = torch.from_numpy(affine).to(images.device)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
