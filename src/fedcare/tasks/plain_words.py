"""What a validator found wrong, in words for whoever wrote the value."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

# By pydantic's type of error; the placeholders are filled from its context.
_REASONS = {
    "greater_than": "it must be above {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be below {lt}",
    "less_than_equal": "it must be at most {le}",
    "int_parsing": "it must be a whole number",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "int_parsing_size": "it is too large a number",
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "finite_number": "it must be a finite number",
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "literal_error": "it must be {expected}",
    "string_type": "it must be text",
    "string_pattern_mismatch": "it may hold only small letters, digits and hyphens, must not begin with a hyphen, and "
    "is at most 63 characters long",
    "tuple_type": "it must be a list, such as [a, b]",
    "list_type": "it must be a list, such as [a, b]",
    "dict_type": "it must be a group of names with values",
    "too_short": "it needs at least {min_length} entries",
    "missing": "it is not given, and must be",
    "extra_forbidden": "there is no such key",
    "value_error": "{error}",
}

# What other tools call a setting of ours.
_SYNONYMS = {
    "learning_rate": "lr",
    "local_epochs": "epochs",
    "batch": "batch_size",
    "bs": "batch_size",
    "mu": "proximal_mu",
    "fraction": "fraction_train",
    "fraction_fit": "fraction_train",
    "size": "image_size",
    "samples": "num_samples",
    "n_samples": "num_samples",
    "hidden_layers": "hidden",
    "layers": "hidden",
    "num_rounds": "rounds",
    "columns": "numeric",
    "features": "numeric",
    "name": "column",
}

Mistake = tuple[tuple[str, ...], str]


def mistakes(error: ValidationError) -> list[Mistake]:
    """Where and why, one entry a value: a value that fits none of several kinds is told once, with all of them."""
    found: dict[tuple[str, ...], list[str]] = {}
    for detail in error.errors(include_url=False):
        place = tuple(str(part) for part in detail["loc"])
        if place and (place[-1].startswith("literal[") or place[-1] in ("float", "int", "str")):
            place = place[:-1]
        found.setdefault(place, []).append(_reason(detail["type"], detail.get("ctx", {}), detail["msg"]))
    return [(place, " or ".join(dict.fromkeys(reasons))) for place, reasons in found.items()]


def _reason(kind: str, context: dict[str, Any], message: str) -> str:
    return _REASONS[kind].format(**context) if kind in _REASONS else message[:1].lower() + message[1:]


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    known = list(known)
    synonym = _SYNONYMS.get(wrong.casefold().replace("-", "_"))
    if synonym in known:
        return synonym
    return next(iter(get_close_matches(wrong, known, n=1, cutoff=0.6)), None)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """One sentence that helps: the likely name, else all of them in order."""
    known = sorted(known)
    likely = nearest(wrong, known)
    return f"did you mean {likely}?" if likely else f"the known ones are {', '.join(known)}"
