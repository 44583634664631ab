"""Preprocessing of images: one mean and one deviation of brightness for the whole federation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fedcare.data.image_traits import AXES, NAMES, traits
from fedcare.data.records import Images, Records
from fedcare.data.schema import ImageSchema
from fedcare.data.support import Support, ranges_of
from fedcare.errors import BadValue, TooFewRecords

IMAGE_STATISTICS = 3
# A constant federation of images has no deviation; dividing by 1 then changes nothing.
SMALLEST_DEVIATION = 1e-6


def image_statistics(records: Images) -> npt.NDArray[np.float64]:
    """An institution's half: count, sum and sum of squares of its pixels in 0 to 1, shape ``(3,)``.

    They come from the exact counts of the 256 grey levels, so the order of the images does not matter.
    """
    levels = np.zeros(256, dtype=np.int64)
    for start in range(0, len(records), 256):
        levels += np.bincount(records.pixels[start : start + 256].reshape(-1), minlength=256)
    brightness = np.arange(256) / 255.0
    return np.array([levels.sum(), levels @ brightness, levels @ brightness**2], dtype=np.float64)


def fit_images(schema: ImageSchema, totals: npt.NDArray[np.float64]) -> ImagePreprocessing:
    """The coordinator's half: from the sum of all institutions' statistics to what every one of them applies."""
    count, total, squares = (float(value) for value in totals)
    if count <= 0:
        raise TooFewRecords(who="The federation", found=0, needed=1, hint="Check the institutions' images.")
    mean = total / count
    deviation = max(squares / count - mean * mean, 0.0) ** 0.5
    scale = deviation if deviation > SMALLEST_DEVIATION else 1.0
    return ImagePreprocessing(
        image_size=schema.image_size, classes=schema.target.classes, input_mean=mean, input_scale=scale
    )


@dataclass(frozen=True)
class ImagePreprocessing:
    """What turns images into a model's inputs: the model sees ``(pixel / 255 - input_mean) / input_scale``.

    ``support`` is what the training images cover (see ``image_traits``), None where nobody told.
    """

    image_size: int
    classes: tuple[str, ...]
    input_mean: float
    input_scale: float
    support: Support | None = None
    target_mean: ClassVar[float] = 0.0
    target_scale: ClassVar[float] = 1.0
    feature_names: ClassVar[tuple[str, ...]] = ("pixels",)

    def inputs(self, records: Records) -> npt.NDArray[np.uint8]:
        """The images as they are kept in memory: uint8, shape ``(rows, 1, height, width)``."""
        if not isinstance(records, Images):
            raise BadValue(field="records", reason="images belong here, not a table")
        return records.pixels[:, np.newaxis]

    def targets(self, records: Records) -> npt.NDArray[np.int64]:
        """Class numbers, shape ``(rows,)``."""
        return records.target.astype(np.int64)

    def to_unit(self, outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Class scores have no unit: they stay as they are."""
        return outputs

    def to_json(self) -> dict[str, Any]:
        """Everything needed to build it again."""
        return {
            "kind": "image",
            "image_size": self.image_size,
            "classes": list(self.classes),
            "input_mean": self.input_mean,
            "input_scale": self.input_scale,
            "support": None if self.support is None else self.support.to_json(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ImagePreprocessing:
        """The inverse of ``to_json``."""
        return cls(
            image_size=int(value["image_size"]),
            classes=tuple(value["classes"]),
            input_mean=float(value["input_mean"]),
            input_scale=float(value["input_scale"]),
            support=Support.from_json(value.get("support")),
        )


def image_support_counts(records: Images) -> npt.NDArray[np.float64]:
    """An institution's capped counts of its images, by cell of each trait."""
    found = traits(records.pixels)
    return np.concatenate([AXES[name].counts(found[:, place]) for place, name in enumerate(NAMES)])


def fit_image_support(totals: npt.NDArray[np.float64]) -> Support:
    """What the federation's images cover, from the sum of all institutions' counts."""
    return Support(ranges_of(AXES, totals))
