"""One cell's text to a value, or the reason why not: the same rules for a file's rows and for a patient typed in.

Every function here takes a declaration and returns a reader: a function from text to value that raises ``BadValue``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

from fedcare.data.schema import CategoricalFeature, NumericFeature, Target
from fedcare.errors import BadValue

MISSING_CATEGORY = -1
# Beyond this, float64 no longer tells neighbouring whole numbers apart: nothing that is measured is that large.
LARGEST = 1e15

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE)
_SHOWN = 40


def numeric_reader(feature: NumericFeature, missing: Iterable[str], check_range: bool = True) -> Callable[[str], float]:
    """Text to a number in the feature's unit, NaN where it is missing and the feature imputes.

    ``check_range`` False accepts a number outside the declared range, for a caller that warns instead.
    """
    absent = frozenset(missing) | {""}

    def read(text: str) -> float:
        text = text.strip()
        if text in absent:
            return _missing(feature.name, feature.impute, math.nan)
        value = number(feature.name, text)
        if feature.integer and not value.is_integer():
            raise BadValue(field=feature.name, reason=f"{shown(text)} is not a whole number")
        if check_range:
            _within(feature.name, value, feature.minimum, feature.maximum, feature.unit)
        return value

    return read


def category_reader(feature: CategoricalFeature, missing: Iterable[str]) -> Callable[[str], int]:
    """Text to the category's place in the schema, -1 where it is missing and the feature imputes.

    A text that is declared as a category is one, even if it also stands among the texts that mean missing.
    """
    places, absent = _places(feature.categories), frozenset(missing) | {""}

    def read(text: str) -> int:
        place = places.get(_plain(text))
        if place is not None:
            return place
        if text.strip() in absent:
            return int(_missing(feature.name, feature.impute, MISSING_CATEGORY))
        if feature.unknown == "missing" and feature.impute != "refuse":
            return MISSING_CATEGORY
        raise BadValue(field=feature.name, reason=f"{shown(text)} is not one of {listed(feature.categories)}")

    return read


def target_reader(target: Target, missing: Iterable[str]) -> Callable[[str], float]:
    """Text to the target: a number in its unit, or its class's place. A missing target is always refused."""
    places, absent = _places(target.classes), frozenset(missing) | {""}

    def read(text: str) -> float:
        place = places.get(_plain(text))
        if place is not None:
            return float(place)
        if text.strip() in absent:
            raise BadValue(field=target.name, reason="the target is missing")
        if target.kind != "regression":
            raise BadValue(field=target.name, reason=f"{shown(text)} is not one of {listed(target.classes)}")
        value = number(target.name, text.strip())
        _within(target.name, value, target.minimum, target.maximum, target.unit)
        return value

    return read


def number(field: str, text: str) -> float:
    """A plain decimal number such as ``-3``, ``0.5`` or ``1e-3``: no thousands separators, units or infinities."""
    if not _NUMBER.fullmatch(text):
        raise BadValue(field=field, reason=_why_no_number(text))
    value = float(text)
    if abs(value) > LARGEST:
        raise BadValue(field=field, reason=f"{shown(text)} is too large a number")
    return value


def _why_no_number(text: str) -> str:
    if _NOT_FINITE.fullmatch(text):
        return f"{shown(text)} is not a finite number"
    if "," in text and _NUMBER.fullmatch(text.replace(",", "")):
        return f"{shown(text)} is not a number: write it without commas, with a point before the decimals"
    if is_mangled(text):
        return "the text is not UTF-8, or holds a NUL character"
    return f"{shown(text)} is not a number"


def _missing(field: str, impute: str | float, value: float) -> float:
    if impute == "refuse":
        raise BadValue(field=field, reason="the value is missing")
    return value


def _within(field: str, value: float, minimum: float | None, maximum: float | None, unit: str) -> None:
    unit = f" {unit}" if unit else ""
    if minimum is not None and value < minimum:
        raise BadValue(field=field, reason=f"{value:g} is below the least possible, {minimum:g}{unit}")
    if maximum is not None and value > maximum:
        raise BadValue(field=field, reason=f"{value:g} is above the greatest possible, {maximum:g}{unit}")


def _places(categories: Sequence[str]) -> dict[str, int]:
    """Plain text to place. A category that is a whole number is also known as programs tend to export it, 2 as 2.0."""
    places = {_plain(category): place for place, category in enumerate(categories)}
    for place, category in enumerate(categories):
        if category.strip().isdecimal():
            places.setdefault(f"{category.strip()}.0", place)
    return places


def _plain(text: str) -> str:
    return text.strip().casefold()


def is_mangled(text: str) -> bool:
    """Whether the text holds a byte that was not UTF-8 (read as a lone surrogate), or a NUL character."""
    return "\0" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text))


def shown(text: str) -> str:
    """The text in quotes for an error: shortened, and without what a terminal or JSON cannot show."""
    text = text.strip()
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
    return repr(text.encode("utf-8", "replace").decode())


def listed(names: Sequence[str], at_most: int = 8) -> str:
    """Names for an error, the first few of many."""
    rest = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {rest} more" if rest > 0 else "")
