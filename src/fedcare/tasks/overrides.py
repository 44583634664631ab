"""``--set KEY=VALUE``: one flat or dotted key changes the one setting of that name, wherever it lies in a task."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from fedcare.errors import BadSetting, UnknownSetting
from fedcare.models.spec import KINDS
from fedcare.tasks.plain_words import did_you_mean, mistakes, nearest
from fedcare.tasks.spec import Task

Place = tuple[str, ...]

_OPTIONS: Place = ("strategy", "options")
# What a task is, rather than how it is learned: another task, not a setting.
_FIXED = frozenset({"kind", "name", "title", "description", "origin", "private", "target.kind", "target.name"})
_MODEL_KIND: Place = ("model", "kind")
_SETTABLE = frozenset({("strategy", "name"), _MODEL_KIND})
_SHORT = {"strategy": ("strategy", "name")}
_ELSEWHERE = {
    "seed": "The seed is an option of its own, --seed.",
    "image_size": "Only tasks on images have it.",
    "norm": "Only the model resnet18 has it.",
    "width": "Only the model resnet18 has it.",
    "hidden": "Only tasks on tables have it.",
    "dropout": "Only tasks on tables have it.",
    "kind": "The model's is model.kind; that of records and target makes another task.",
}


@dataclass(frozen=True)
class Setting:
    """One value that ``--set`` reaches: its ``place`` in the task from the outside in, and its ``value`` now."""

    place: Place
    value: object

    @property
    def key(self) -> str:
        """The dotted key, ``local.lr``."""
        return ".".join(self.place)


def settings_of(task: Task) -> list[Setting]:
    """Every setting of a task, in the order of its declaration; a strategy's own options come with those it has."""
    return [Setting(place, value) for place, value in _leaves(task, ()) if not _is_fixed(place)]


def _leaves(part: BaseModel, above: Place) -> Iterator[tuple[Place, object]]:
    for name in type(part).model_fields:
        value, place = getattr(part, name), (*above, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, place)
        elif place == _OPTIONS:
            yield from (((*place, option), number) for option, number in value.items())
        elif not (isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value)):
            yield place, value


def _is_fixed(place: Place) -> bool:
    return place not in _SETTABLE and (place[-1] in _FIXED or ".".join(place[-2:]) in _FIXED)


def apply(task: Task, settings: Mapping[str, str]) -> Task:
    """The task with these settings, each ``key`` to the text the user wrote.

    A value is written as in TOML: ``0.01``, ``true``, ``[64, 32]``; text needs no quotes, and a list may do without
    brackets. ``strategy.options.NAME`` sets a strategy's own option. ``model.kind`` takes another model, which begins
    with its own defaults. Raises ``UnknownSetting`` or ``BadSetting``.
    """
    task = _with_model(task, settings.get(".".join(_MODEL_KIND), task.model.kind))
    known = settings_of(task)
    changes = {key: (_find(key, known, task), text) for key, text in settings.items()}
    whole = task.model_dump()
    current = {setting.place: setting.value for setting in known}
    for place, text in changes.values():
        _put(whole, place, _value(text, current.get(place, 0.0)))
    try:
        return Task.model_validate(whole)
    except ValidationError as error:
        raise _bad_setting(error, changes) from None


def _with_model(task: Task, text: str) -> Task:
    kind = str(_value(text, task.model.kind))
    if kind == task.model.kind:
        return task
    if kind not in (fitting := KINDS[task.records.kind]):
        reason = f"the model of a task on {task.records.kind}s must be {' or '.join(fitting)}"
        raise BadSetting(setting=".".join(_MODEL_KIND), value=kind, reason=reason)
    return Task.model_validate(task.model_dump() | {"model": {"kind": kind}})


# -- finding ----------------------------------------------------------------------------------------------------------


def _find(key: str, known: Sequence[Setting], task: Task) -> Place:
    """The place that a key means: its whole place, else the one place that ends with it."""
    wanted = _SHORT.get(key) or tuple(key.split("."))
    if wanted[:-1] in (_OPTIONS, _OPTIONS[1:]) and wanted[-1]:
        return (*_OPTIONS, wanted[-1])
    places = [setting.place for setting in known]
    if key == "kind":
        raise UnknownSetting(setting=key, hint=_ELSEWHERE[key])
    found = [place for place in places if place == wanted] or [p for p in places if p[-len(wanted) :] == wanted]
    if len(found) == 1:
        return found[0]
    raise UnknownSetting(setting=key, hint=_several(found) if found else _none(key, places, task))


def _several(found: Sequence[Place]) -> str:
    return f"It could be one of {', '.join('.'.join(place) for place in found)}: write it in full."


def _none(key: str, places: Sequence[Place], task: Task) -> str:
    if key in _ELSEWHERE:
        return _ELSEWHERE[key]
    names = list(dict.fromkeys([place[-1] for place in places] + [".".join(place) for place in places]))
    if nearest(key, names):
        return did_you_mean(key, names).capitalize()
    return f"See `fedcare tasks show {task.name}` for all settings; a strategy's own are strategy.options.NAME."


# -- changing ---------------------------------------------------------------------------------------------------------


def _put(whole: dict[str, Any], place: Place, value: object) -> None:
    inner = whole
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value


def _value(text: str, current: object) -> object:
    """The text as a value of the kind that stands there now."""
    text = text.strip()
    if text.casefold() in ("none", "null") and not isinstance(current, str):
        return None
    parsed = _parsed(text)
    if isinstance(current, tuple) and not isinstance(parsed, list):
        return [_plain(part.strip()) for part in text.split(",") if part.strip()]
    if isinstance(current, tuple) and isinstance(parsed, list):
        return parsed
    if isinstance(parsed, bool) != isinstance(current, bool) or isinstance(current, str) or current is None:
        return parsed if isinstance(parsed, str) else text
    return parsed


def _parsed(text: str) -> object:
    """The text as TOML would read it, or as it stands where it is none."""
    lowered = text.casefold()
    if lowered in ("true", "false"):
        return lowered == "true"
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    simple = list(read) == ["value"] and isinstance(read["value"], int | float | str | list)
    return read["value"] if simple else text


def _plain(text: str) -> str:
    parsed = _parsed(text)
    return parsed if isinstance(parsed, str) else text


def _bad_setting(error: ValidationError, changes: Mapping[str, tuple[Place, str]]) -> BadSetting:
    """The first mistake, told of the key that the user wrote."""
    found = mistakes(error)
    for at, reason in found:
        for key, (place, text) in changes.items():
            if _within(place, at):
                return BadSetting(setting=key, value=text, reason=reason)
    at, reason = found[0]
    blamed = {key: text for key, (place, text) in changes.items() if place[: len(at)] == at} or {
        key: text for key, (_, text) in changes.items()
    }
    return BadSetting(setting=" with ".join(blamed), value=", ".join(blamed.values()), reason=reason)


def _within(place: Place, at: Place) -> bool:
    """Whether a validator's place lies at or under a setting's; the validator also names the kind of a union."""
    rest = iter(at)
    return all(part in rest for part in place)
