"""What is wrong with a request, in plain words and without the values, which may be a patient's: one problem a field.

pydantic's own sentences are for programmers: they show regular expressions, limits of a machine's integers, and a
problem for every kind that a value could have been.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from fedcare.gateway.types import INT32, PLAIN

_WHOLE, _NUMBER = "it must be a whole number", "it must be a number"
_FLAG, _TEXT, _ID = "it must be true or false", "it must be a text", "it must be an id (a UUID)"
_TIME = "it must be a time with its zone, such as 2026-01-31T12:00:00Z"
_OBJECT = "it must be an object with named fields"
_WORDS = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field here",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE + " that is not too large",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER + " that is not too large",
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "string_type": _TEXT,
    "string_unicode": "it must be text in UTF-8",
    "string_too_long": "it must have {max_length} characters or fewer",
    "too_long": "it must have {max_length} entries or fewer",
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "uuid_version": _ID,
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_aware": _TIME,
    "list_type": "it must be a list",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "value_error": "{error}",
}
_LIMITS = {
    "greater_than_equal": ("ge", "it must be {} or more"),
    "greater_than": ("gt", "it must be more than {}"),
    "less_than_equal": ("le", "it must be {} or less"),
    "less_than": ("lt", "it must be less than {}"),
}
_SHORTEST = {"string_too_short": "characters", "too_short": "entries"}
# Of a name in an object, not of what stands under it.
_KEY = "[key]"


def problems_of(error: ValidationError) -> list[dict[str, str]]:
    """What a model refused, by field."""
    return in_words(error.errors(include_input=False, include_url=False))


def in_words(found: Iterable[Mapping[str, Any]], *, skip: int = 0) -> list[dict[str, str]]:
    """The errors that pydantic lists, each field once; the first ``skip`` parts of a place are not the field's name."""
    problems: dict[str, str] = {}
    for each in found:
        place = [str(part) for part in each["loc"]]
        names = place[:-2] if place[-1:] == [_KEY] else place
        said = f"one of its names cannot be taken: {_words(each)}" if names is not place else _words(each)
        problems.setdefault(".".join(names[skip:]) or (names[0] if names else "body"), said)
    return [{"field": field, "problem": problem} for field, problem in problems.items()]


def _words(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _LIMITS:
        name, sentence = _LIMITS[kind]
        return "it is too large" if context[name] >= INT32 else sentence.format(_shown(context[name]))
    if kind in _SHORTEST:
        least = context["min_length"]
        return "it must not be empty" if least == 1 else f"it must have {least} {_SHORTEST[kind]} or more"
    if kind == PLAIN:
        return str(error["msg"])
    return _WORDS.get(kind, "it is not of the form that is asked for").format(**context)


def _shown(limit: float) -> str:
    return f"{limit:,.0f}" if limit == int(limit) else f"{limit:g}"
