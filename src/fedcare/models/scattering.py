"""Fixed features of grey images under one linear layer: little for noise to spoil (Tramer and Boneh, ICLR 2021).

The features are a scattering transform (Bruna and Mallat, IEEE PAMI 2013): wavelets, modulus, and the same once more,
averaged over places, as logarithms (Anden and Mallat, IEEE TSP 2014). Nothing of it is learned, so it costs no privacy,
and it is the same at every institution.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fedcare.models.layers import Linear
from fedcare.models.spec import ScatteringSpec

# Side of a wavelet's window in pixels, its envelope's deviation and its frequency: the last two are those of the finest
# scale in Bruna and Mallat's software. Coarser scales are the same wavelets on a smaller image.
WINDOW, DEVIATION, FREQUENCY = 7, 0.8, 0.75 * np.pi
# Under the root of a modulus, whose slope has no bound at zero; what an even surface is divided by, where 1 is the
# image's deviation; and what is added before the logarithm, so that next to nothing stays next to nothing.
TINY, EVEN, FAINT = 1e-8, 1e-3, 1e-2


class Scattering(nn.Module):
    """The features that a ``ScatteringSpec`` declares and a linear layer on them.

    Input ``(rows, 1, side, side)``, or ``(rows, features)`` as ``features`` gave them before; output
    ``(rows, outputs)``.
    """

    def __init__(self, outputs: int, spec: ScatteringSpec) -> None:
        super().__init__()
        self.spec = spec
        self.wavelets: Tensor
        # Not persistent: they follow from the declaration, and are no part of what travels.
        self.register_buffer("wavelets", torch.from_numpy(wavelets(spec.orientations)), persistent=False)
        self.linear = Linear(spec.channels * spec.places**2, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """One logit per class."""
        return self.linear(inputs if inputs.dim() == 2 else self.features(inputs))  # type: ignore[no-any-return]

    def features(self, images: Tensor) -> Tensor:
        """The features of images ``(rows, 1, height, width)``: ``(rows, features)``, each row of norm 1 at most.

        Each channel has mean 0 and the same deviation over its places, as group normalisation with a channel in each
        group would give (Tramer and Boneh, section 2.2): no statistics of a data set are needed.
        """
        image = even(averaged(images, min(self.spec.side, images.shape[-1])))
        found = [(averaged(each, self.spec.places) + FAINT).log() for each in self._maps(image)]
        maps = torch.cat([averaged(image, self.spec.places), *found], dim=1)
        return even(maps).flatten(1) / sqrt(self.linear.in_features)

    def _maps(self, image: Tensor) -> list[Tensor]:
        """Of order 1 and 2: ``(rows, channels, side, side)`` each, where the side halves with every octave."""
        maps, scale = [], image
        for octave in range(self.spec.octaves):
            first = self._modulus(scale)
            maps.append(first)
            for _ in range(octave + 1, self.spec.octaves):
                first = halved(first)
                maps.append(self._modulus(first))
            scale = halved(scale) if octave + 1 < self.spec.octaves else scale
        return maps

    def _modulus(self, maps: Tensor) -> Tensor:
        """What every wavelet finds in every channel, ``(rows, channels x orientations, side, side)``."""
        rows, channels, height, width = maps.shape
        around = functional.pad(maps.reshape(rows * channels, 1, height, width), [WINDOW // 2] * 4, mode="replicate")
        real, imaginary = functional.conv2d(around, self.wavelets).chunk(2, dim=1)
        length = (real.square() + imaginary.square() + TINY).sqrt()
        return length.reshape(rows, channels * self.spec.orientations, height, width)


def wavelets(orientations: int) -> npt.NDArray[np.float32]:
    """Morlet wavelets in every direction, real parts and then imaginary ones: ``(2 x orientations, 1, side, side)``.

    A wave under a Gaussian envelope that is wider across the wave, less as much of the envelope as makes the sum zero.
    """
    places = np.arange(WINDOW) - WINDOW // 2
    found = []
    for angle in np.pi * np.arange(orientations) / orientations:
        along = places[None, :] * np.cos(angle) + places[:, None] * np.sin(angle)
        across = places[:, None] * np.cos(angle) - places[None, :] * np.sin(angle)
        slant = 4.0 / orientations
        envelope = np.exp(-(along**2 + (slant * across) ** 2) / (2.0 * DEVIATION**2))
        wave = envelope * np.exp(1j * FREQUENCY * along)
        wave -= envelope * (wave.sum() / envelope.sum())
        found.append(wave * slant / (2.0 * np.pi * DEVIATION**2))
    whole = np.stack(found)[:, None]
    return np.concatenate([whole.real, whole.imag]).astype(np.float32)


def halved(maps: Tensor) -> Tensor:
    """Maps of half the side, by the mean of each 2 x 2; an odd row or column at the end is left out."""
    return functional.avg_pool2d(maps, 2)


def averaged(maps: Tensor, side: int) -> Tensor:
    """Square maps of the given side by the mean over each cell, whatever the side before."""
    if maps.shape[-1] == side:
        return maps
    weights = torch.from_numpy(averaging(maps.shape[-1], side)).to(maps.device)
    return weights @ maps @ weights.T


def averaging(before: int, after: int) -> npt.NDArray[np.float32]:
    """The share of each of ``before`` pixels in each of ``after`` cells of equal width, ``(after, before)``."""
    edges = np.arange(after + 1) * before / after
    pixels = np.arange(before)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares: npt.NDArray[np.float32] = (np.maximum(overlap, 0.0) * after / before).astype(np.float32)
    return shares


def even(maps: Tensor) -> Tensor:
    """Each channel of each row with mean 0 and deviation 1, or less where there is next to nothing to be seen."""
    centred = maps - maps.mean((2, 3), keepdim=True)
    return centred / (centred.square().mean((2, 3), keepdim=True) + EVEN**2).sqrt()
