"""Kinds of values that several domains' schemas share, and the places where a listing's pages begin."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

from fedcare.errors import InvalidRequest

INT32 = 2**31 - 1
# The kind of error whose message is said as it is: see ``problems``.
PLAIN = "plain"


@dataclass(frozen=True)
class Says:
    """Whatever is wrong with a value that this stands beside, it is said in this one sentence."""

    problem: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The value's own schema, with one error."""
        return core_schema.custom_error_schema(handler(source), PLAIN, custom_error_message=self.problem)


def clean(text: str) -> str:
    """The text, if a database can keep it: no NUL, no half of a surrogate pair."""
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("it holds characters that cannot be kept as text")
    return text


def _text(longest: int) -> Any:
    stripped = StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)
    return (stripped, AfterValidator(clean))


Text100 = Annotated[str, *_text(100)]
Text200 = Annotated[str, *_text(200)]
Cursor = Annotated[str, Field(max_length=1000, description="Where the page begins: `next` of the page before.")]
PageSize = Annotated[int, Field(ge=1, le=200, description="Rows a page.")]


def to_cursor(position: list[Any]) -> str:
    """The sort key of a page's last row, opaque to whoever sends it back."""
    return base64.urlsafe_b64encode(json.dumps(position, default=str).encode()).decode().rstrip("=")


def from_cursor(cursor: str, *kinds: type) -> list[Any]:
    """The sort key in a cursor, each part of the kind that the listing expects; raises InvalidRequest."""
    problem = InvalidRequest([{"field": "cursor", "problem": "it is not one that this listing gave"}])
    try:
        position = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise problem from None
    if not isinstance(position, list) or len(position) != len(kinds):
        raise problem
    if any(type(part) is not kind for part, kind in zip(position, kinds, strict=True)):
        raise problem
    return position


# -- values of JSON: no text that looks like a number, no true for 1, nothing that is not finite ----------------------

# Printable on one line, and not of blanks alone.
_LINE = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"

Line100 = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, max_length=100, pattern=_LINE),
    Says("it must be one line of text of 1 to 100 characters, not of blanks alone"),
]
# What is searched for, which may be nothing.
Words = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$"),
    Says("it must be one line of text of 100 characters or fewer"),
]


def _whole(number: Any) -> Any:
    """JSON has one kind of number: 2.0 is whole."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


@dataclass(frozen=True)
class Whole:
    """Beside ``int``: a whole number from ``least`` to ``most``."""

    least: int
    most: int = INT32

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The range, with one error that names both ends."""
        number = core_schema.int_schema(strict=True, ge=self.least, le=self.most)
        whole = core_schema.no_info_before_validator_function(_whole, number)
        most = "about two billion" if self.most == INT32 else f"{self.most:,}"
        problem = f"it must be a whole number from {self.least:,} to {most}"
        return core_schema.custom_error_schema(whole, PLAIN, custom_error_message=problem)


@dataclass(frozen=True)
class Number:
    """Beside ``float``: a number from ``least`` to ``most``."""

    least: float
    most: float

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The range, with one error that names both ends."""
        number = core_schema.float_schema(strict=True, allow_inf_nan=False, ge=self.least, le=self.most)
        problem = f"it must be a number from {self.least:,.10g} to {self.most:,.15g}"
        return core_schema.custom_error_schema(number, PLAIN, custom_error_message=problem)


Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
