"""Whether an image is of the kind that the model was trained on, in plain words."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fedcare.data.image_traits import ACROSS, BRIGHTNESS, CONTRAST, DOWN, LAYOUT, NAMES, traits
from fedcare.data.support import Support

Pixels = npt.NDArray[np.uint8]


def unlike(pixels: Pixels, support: Support) -> tuple[str, ...]:
    """Why one image ``(side, side)`` is unlike the training images; nothing where it is not."""
    found = dict(zip(NAMES, traits(pixels[np.newaxis])[0].tolist(), strict=True))
    # 1, 0 or -1: above, within or beneath what was seen.
    beyond = {name: _beyond(value, support.ranges.get(name)) for name, value in found.items()}
    reasons = []
    for name in (BRIGHTNESS, CONTRAST):
        if beyond[name]:
            low, high = support.ranges[name]
            seen = f"{low:.0%} to {high:.0%}"
            reasons.append(f"the image's {name} of {found[name]:.0%} lies outside what the model has seen, {seen}")
    if grain := beyond[ACROSS] or beyond[DOWN]:
        like = "grainier, like noise or print," if grain > 0 else "smoother"
        reasons.append(f"the image is {like} than those that the model has seen")
    if places := sum(map(abs, (beyond[name] for name in LAYOUT))):
        where = f"in {places} of {len(LAYOUT)} places"
        reasons.append(
            f"the image is light or dark {where} where those that the model has seen are not, as one that is inverted,"
            " turned or of something else would be"
        )
    return tuple(reasons)


def _beyond(value: float, seen: tuple[float, float] | None) -> int:
    return 0 if seen is None else int(value > seen[1]) - int(value < seen[0])
