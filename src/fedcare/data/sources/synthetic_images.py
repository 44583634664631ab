"""A generator of grey images with and without a lesion, for trials where no patient's image may be used.

Every image is smooth tissue texture at three scales, with brightness and contrast of its own, and noise. A positive one
also holds one to three soft-edged bright lesions, some round, some lobed. Texture and brightness are the same in both
classes, so that no single threshold on an image's mean tells them apart: a model has to find the lesion.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fedcare.data.records import Images, Loaded
from fedcare.errors import BadSetting
from fedcare.plan import derive_seed

Floats = npt.NDArray[np.float32]

# Pixels made at once: what fits a processor's cache is several times quicker than what does not.
PIXELS_AT_ONCE = 2**17
# (cells across the image, amplitude in grey levels) of the texture.
TEXTURE = ((3, 8.0), (7, 5.0), (16, 3.0))
NOISE = 8.0
LOBES = 3


def generate(num_samples: int, image_size: int, pos_ratio: float, seed: int) -> Loaded:
    """``num_samples`` images of ``image_size`` pixels across, ``round(num_samples * pos_ratio)`` of them positive.

    Label 0 is normal and 1 cancer; ``pos_ratio`` lies between 0 and 1. The same arguments give the same pixels.
    """
    _check(num_samples, image_size, pos_ratio)
    labels = np.arange(num_samples) < round(num_samples * pos_ratio)
    labels = np.random.default_rng(derive_seed(seed, "labels")).permutation(labels)
    rng = np.random.default_rng(derive_seed(seed, "pixels"))
    pixels = np.empty((num_samples, image_size, image_size), dtype=np.uint8)
    at_once = max(1, PIXELS_AT_ONCE // image_size**2)
    for start in range(0, num_samples, at_once):
        positive = labels[start : start + at_once]
        grey = _tissue(len(positive), image_size, rng)
        grey[positive] += _lesions(int(positive.sum()), image_size, rng)
        pixels[start : start + at_once] = np.clip(np.rint(grey), 0, 255)
    return Loaded(Images(pixels=pixels, target=labels.astype(np.float64)))


def write_npz(path: Path, records: Images) -> None:
    """Write images and labels as an npz that ``read_npz`` reads back."""
    with path.open("wb") as file:
        np.savez_compressed(file, images=records.pixels, labels=records.target.astype(np.uint8))


def _check(num_samples: int, image_size: int, pos_ratio: float) -> None:
    for setting, value, low, high in (
        ("num_samples", num_samples, 1, 1_000_000),
        ("image_size", image_size, 28, 512),
        ("pos_ratio", pos_ratio, 0.0, 1.0),
    ):
        if not low <= value <= high:
            raise BadSetting(setting=setting, value=value, reason=f"it goes from {low} to {high}")


def _tissue(count: int, size: int, rng: np.random.Generator) -> Floats:
    """Texture and noise in grey levels, shape ``(count, size, size)``."""
    brightness = rng.uniform(80, 108, (count, 1, 1)).astype(np.float32)
    contrast = rng.uniform(0.8, 1.2, (count, 1, 1)).astype(np.float32)
    texture = np.zeros((count, size, size), dtype=np.float32)
    for cells, amplitude in TEXTURE:
        grid = rng.standard_normal((count, cells + 1, cells + 1), dtype=np.float32)
        texture += np.float32(amplitude) * _enlarged(grid, size)
    noise = rng.standard_normal(texture.shape, dtype=np.float32)
    grey: Floats = brightness + contrast * texture + np.float32(NOISE) * noise
    return grey


def _enlarged(grid: Floats, size: int) -> Floats:
    """A coarse grid drawn large with smooth (cosine) interpolation, first down and then across.

    Written without a matrix product: a threaded one is slower for grids this small, and its bits vary by machine.
    """
    cells = grid.shape[-1] - 1
    place = np.linspace(0, cells, size, dtype=np.float32)
    near = np.minimum(place.astype(np.int64), cells - 1)
    weight = (1 - np.cos(np.float32(np.pi) * (place - near))) / 2
    columns = grid[:, near] * (1 - weight)[:, None] + grid[:, near + 1] * weight[:, None]
    return np.asarray(columns[:, :, near] * (1 - weight) + columns[:, :, near + 1] * weight)


@dataclass(frozen=True)
class _Lesions:
    """One lesion for each of several images; lengths are shares of the image's width, arrays have shape ``(n,)``."""

    x: Floats
    y: Floats
    radius: Floats
    softness: Floats
    brightness: Floats
    lobes: Floats
    phases: Floats


def _lesions(count: int, size: int, rng: np.random.Generator) -> Floats:
    """What lesions add to each of ``count`` images, in grey levels: one lesion always, a second and third at times."""
    light = np.zeros((count, size, size), dtype=np.float32)
    for chance in (1.0, 0.35, 0.15):
        present = rng.random(count) < chance
        drawn = _drawn(_random_lesions(int(present.sum()), rng), size)
        light[present] = np.maximum(light[present], drawn)
    return light


def _random_lesions(count: int, rng: np.random.Generator) -> _Lesions:
    def uniform(low: float, high: float, *shape: int) -> Floats:
        return rng.uniform(low, high, (count, *shape)).astype(np.float32)

    irregular = (rng.random((count, 1)) < 0.5).astype(np.float32)
    return _Lesions(
        x=uniform(0.2, 0.8),
        y=uniform(0.2, 0.8),
        radius=uniform(0.09, 0.17),
        softness=uniform(0.012, 0.03),
        brightness=uniform(85, 125),
        lobes=irregular * uniform(0.05, 0.18, LOBES),
        phases=uniform(0, 2 * np.pi, LOBES),
    )


def _drawn(lesions: _Lesions, size: int) -> Floats:
    """Soft-edged shapes whose edge lies at ``radius * (1 + sum of lobes)`` around the centre."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    across = axis[None, None, :] - lesions.x[:, None, None]
    down = axis[None, :, None] - lesions.y[:, None, None]
    distance = np.sqrt(across**2 + down**2)
    angle = np.arctan2(down, across)
    edge = np.ones_like(distance)
    for lobe in range(LOBES):
        edge += lesions.lobes[:, lobe, None, None] * np.cos((lobe + 2) * angle + lesions.phases[:, lobe, None, None])
    depth = (lesions.radius[:, None, None] * edge - distance) / lesions.softness[:, None, None]
    shape = 0.5 * (1.0 + np.tanh(0.5 * depth))
    return np.asarray(lesions.brightness[:, None, None] * shape, dtype=np.float32)
