"""Images to predictions, with the heat map that says which part of the image speaks for the finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fedcare.data.image_preprocessing import ImagePreprocessing
from fedcare.data.records import Images
from fedcare.data.sources.grey import Pixels, UnusableImage
from fedcare.errors import BadImage
from fedcare.serving.answers import Prediction, Refusal
from fedcare.serving.image_kind import unlike
from fedcare.serving.imaging import read_image
from fedcare.serving.occlusion import PLACES, occlusion
from fedcare.serving.session import Array, Session
from fedcare.serving.wording import Wording

# Images that go through the graph at once: enough to be quick, few enough for a small machine's memory.
AT_ONCE = 16
# A class activation map of fewer places across says next to nothing about where.
LEAST_PLACES = 4
# An image's mean brightness is a mean of pixels: this many deviations of a single pixel away it is another kind.
BRIGHTNESS = 2.0
# An image with less than this share of a federation's contrast shows next to nothing.
CONTRAST = 0.1

# The log odds that a place adds by itself where the heat map is at its fullest: it makes the odds three times as high.
FULL_HEAT = log(3.0)

HeatMap = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """An image's prediction, its ``pixels`` as the model saw them, and the heat map.

    ``heat`` is 0 to 1 by place: what a thirty-sixth of the image that looks like this place adds to the log odds of
    the positive class (for more than two, of the predicted one), as a share of ``FULL_HEAT``, the same for every image.
    What speaks against the class is 0. It is the exact class activation map where that has 4 x 4 places or
    more, else found by covering place after place. None for one of many images.
    """

    prediction: Prediction
    pixels: Pixels
    heat: HeatMap | None


class ImagePredictor:
    """Predicts for images with one version; safe to share between threads."""

    def __init__(self, preprocessing: ImagePreprocessing, session: Session, wording: Wording) -> None:
        self._preprocessing, self._session, self._wording = preprocessing, session, wording

    def one(self, image: Path | bytes) -> Seen:
        """One image; raises BadImage."""
        try:
            pixels = read_image(image, self._preprocessing.image_size)
        except UnusableImage as problem:
            raise BadImage(reason=str(problem)) from problem
        prediction, activation = self._said([pixels])[0]
        about = self._about(prediction)
        if activation is None or min(activation.shape[1:]) < LEAST_PLACES:
            return Seen(prediction, pixels, _scaled(occlusion(pixels, about, self._outputs)))
        # The outputs are means over all places: this is the part of as much of the image as is covered at a time.
        return Seen(prediction, pixels, _scaled(_speaks_for(activation, about) / np.float32(PLACES**2)))

    def many(self, images: Sequence[Path | bytes]) -> list[Seen | Refusal]:
        """Each image, or why it cannot be used."""
        answers: list[Seen | Refusal] = []
        for start in range(0, len(images), AT_ONCE):
            read = [self._read(each) for each in images[start : start + AT_ONCE]]
            said = iter(self._said([each for each in read if not isinstance(each, Refusal)]))
            answers += [each if isinstance(each, Refusal) else Seen(next(said)[0], each, None) for each in read]
        return answers

    def _read(self, image: Path | bytes) -> Pixels | Refusal:
        try:
            return read_image(image, self._preprocessing.image_size)
        except UnusableImage as problem:
            return Refusal((("image", str(problem)),))

    def _said(self, pixels: list[Pixels]) -> list[tuple[Prediction, Array | None]]:
        """Predictions of images and their activation maps, None for a graph of an earlier FedCare."""
        if not pixels:
            return []
        outputs, activation = self._session.with_activation(self._inputs(np.stack(pixels)))
        said = []
        for place, own in enumerate(pixels):
            reasons = self._unusual(own)
            prediction = self._wording.one(outputs[place], outputs[place], None, reasons, reasons)
            said.append((prediction, None if activation is None else activation[place]))
        return said

    def _outputs(self, pixels: Pixels) -> Array:
        return self._session.outputs(self._inputs(pixels))

    def _about(self, prediction: Prediction) -> int:
        """The class that a heat map is about."""
        classes = self._preprocessing.classes
        return 1 if len(classes) == 2 else classes.index(prediction.label or classes[0])

    def _inputs(self, pixels: Pixels) -> Array:
        raw = self._preprocessing.inputs(Images(pixels, np.zeros(len(pixels)))).astype(np.float32) / np.float32(255.0)
        scaled = (raw - self._preprocessing.input_mean) / self._preprocessing.input_scale
        return scaled.astype(np.float32)

    def _unusual(self, pixels: Pixels) -> tuple[str, ...]:
        """Why an image is unlike those that the model was trained on."""
        if self._preprocessing.support is not None:
            return unlike(pixels, self._preprocessing.support)
        mean, deviation = float(pixels.mean()) / 255.0, float(pixels.std()) / 255.0
        reasons = []
        usual, spread = self._preprocessing.input_mean, self._preprocessing.input_scale
        if abs(mean - usual) > BRIGHTNESS * spread:
            how = "brighter" if mean > usual else "darker"
            reasons.append(f"the image is far {how} than those that the model was trained on")
        if deviation < CONTRAST * spread:
            reasons.append("the image has next to no contrast")
        return tuple(reasons)


def _speaks_for(activation: Array, about: int) -> HeatMap:
    rest = np.delete(activation, about, axis=0).max(axis=0)
    found: HeatMap = np.maximum(activation[about] - rest, 0.0)
    return found


def _scaled(heat: HeatMap) -> HeatMap:
    """By one measure for all images: a map scaled to its own maximum would be as red where nothing was found."""
    scaled: HeatMap = np.clip(heat / np.float32(FULL_HEAT), 0.0, 1.0).astype(np.float32)
    return scaled
