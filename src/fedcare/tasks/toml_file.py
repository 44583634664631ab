"""Tasks declared in a TOML file: a table or images, without a line of Python.

A whole table task::

    [task]                          # all optional; the name is the file's unless given
    name = "readmission"
    title = "Readmission within 30 days"
    description = ""
    metric = "auc"                  # what decides the best round; r2 or auc unless given
    threshold = "balanced"          # or "half": the cut from a probability to a class
    partition = "by:ward"           # how one file is divided into institutions in a simulation

    [target]
    column = "readmitted"           # the only key that must be here besides kind
    kind = "binary"                 # or "multiclass", "regression"
    classes = ["no", "yes"]         # of binary the negative class first
    aliases = ["readmission"]       # other names of the column
    unit = "dollars"                # unit and range belong to regression
    range = [0, inf]
    usual = [0, 50000]              # where most values lie, from public knowledge: private training scales with it

    [table]                         # optional
    missing = ["", "?", "NA"]       # texts that mean missing (those of TableSchema unless given)
    leave_out = ["discharge.date"]  # columns that must never become features

    [numeric]                       # or a section each: [numeric.age]
    age = { range = [0, 130], unit = "years", impute = "mean" }     # impute: "mean", a number, or "refuse" (default)
    "visits.before" = { range = [0, inf], usual = [0, 8], integer = true, impute = 0 }

    [categorical]
    sex = ["female", "male"]        # short for { categories = [...] }
    ward = { categories = ["A", "B"], impute = "own-category", unknown = "missing" }

    [model]
    hidden = [64, 32]
    dropout = 0.1

    [training]                      # every setting of plan.LocalTraining
    epochs = 5
    lr = 0.001

    [rounds]                        # every setting of plan.RoundPolicy
    rounds = 20

    [strategy]                      # name, and the options of the strategy
    name = "fedavg"

    [selection]                     # every setting of plan.Selection

    [gate]                          # every setting of plan.Gate

An image task has ``[images]`` with ``size`` (28 to 512 pixels) instead of table, numeric and categorical; its target
has ``kind`` and ``classes``, and ``[model]`` takes ``kind``, ``resnet18`` or ``scattering``, and what that model takes.
A column name with dots or spaces stands in quotes.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fedcare.data.schema import CategoricalFeature, ImageSchema, NumericFeature, TableSchema, Target
from fedcare.errors import BadTaskFile, FileMissing
from fedcare.models.spec import KINDS, MLPSpec, ModelSpec, ResNetSpec, ScatteringSpec
from fedcare.plan import Gate, LocalTraining, RoundPolicy, Selection, StrategyChoice
from fedcare.protections import Compression, Defence, Privacy
from fedcare.tasks.plain_words import did_you_mean, mistakes
from fedcare.tasks.private_images import PRIVATE_IMAGES
from fedcare.tasks.spec import Task

Values = dict[str, Any]
Part = TypeVar("Part", bound=BaseModel)

_FOR_TABLES = ("table", "numeric", "categorical")
_SETTINGS = ("model", "training", "rounds", "strategy", "selection", "gate", "privacy", "defence", "compression")
_SECTIONS = ("task", "target", *_FOR_TABLES, "images", *_SETTINGS)
_TASK_KEYS = ("name", "title", "description", "metric", "threshold", "partition")
_TARGET_KEYS = ("column", "kind", "classes", "aliases", "unit", "range", "usual")
_MODELS: Mapping[str, type[MLPSpec | ResNetSpec | ScatteringSpec]] = {
    "mlp": MLPSpec,
    "resnet18": ResNetSpec,
    "scattering": ScatteringSpec,
}
# What the user writes for a field of another name.
_WRITTEN = {"image_size": "size", "minimum": "range", "maximum": "range"}


class _Mistake(Exception):
    """What is wrong, beginning with where; becomes BadTaskFile with the file's path."""


def read_task(path: str | Path) -> Task:
    """The task that a TOML file declares; raises ``FileMissing``, or ``BadTaskFile`` naming the key at fault."""
    path = Path(path)
    try:
        return _task(_sections(path), path)
    except _Mistake as mistake:
        raise BadTaskFile(path=path, reason=str(mistake)) from None


def _sections(path: Path) -> dict[str, Values]:
    if path.is_dir():
        raise _Mistake("it is a folder; name a file")
    if not path.exists():
        raise FileMissing(path=path)
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise _Mistake("it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise _Mistake(f"it is not TOML: {error}") from None
    except OSError as error:
        raise _Mistake(str(error.strerror or error)) from None
    for name, section in read.items():
        if not isinstance(section, dict):
            raise _Mistake(f"{name} stands above every section; put it under one of {_list(_SECTIONS)}")
        if name not in _SECTIONS:
            raise _Mistake(f"[{name}] is no section; {did_you_mean(name, _SECTIONS)}")
    return read


def _task(sections: dict[str, Values], path: Path) -> Task:
    images = "images" in sections
    if images and (mixed := [name for name in _FOR_TABLES if name in sections]):
        raise _Mistake(f"[images] and [{mixed[0]}] exclude each other: a task has images or a table")
    values = sections.get("task", {})
    _check_keys("task", values, _TASK_KEYS)
    name = values.get("name", _slug(path.stem))
    parts = {
        "records": _image_schema(sections) if images else _table_schema(sections),
        "model": _model("image" if images else "table", sections.get("model", {})),
        "private": PRIVATE_IMAGES if images else {},
        "local": _build(LocalTraining, "training", sections.get("training", {})),
        "rounds": _build(RoundPolicy, "rounds", sections.get("rounds", {})),
        "strategy": _build(StrategyChoice, "strategy", _strategy(sections.get("strategy", {}))),
        "selection": _build(Selection, "selection", sections.get("selection", {})),
        "gate": _build(Gate, "gate", sections.get("gate", {})),
        "privacy": _build(Privacy, "privacy", sections.get("privacy", {})),
        "defence": _build(Defence, "defence", sections.get("defence", {})),
        "compression": _build(Compression, "compression", sections.get("compression", {})),
    }
    return _build(Task, "task", {"title": str(name), **values, "name": name, **parts}, check=False)


def _model(records: str, values: Values) -> ModelSpec:
    kind = values.get("kind", KINDS[records][0])
    if kind not in KINDS[records]:
        raise _Mistake(f"[model] kind: it must be {' or '.join(KINDS[records])}")
    return _build(_MODELS[kind], "model", {name: value for name, value in values.items() if name != "kind"})


def _strategy(values: Values) -> Values:
    """All keys beside the name are the strategy's own options; what is left of [strategy.options] joins them."""
    beside = {name: value for name, value in values.items() if name not in ("name", "options")}
    options = values.get("options", {})
    chosen = {"options": {**options, **beside} if isinstance(options, dict) else options}
    return {**chosen, "name": values["name"]} if "name" in values else chosen


# -- records ----------------------------------------------------------------------------------------------------------


def _table_schema(sections: dict[str, Values]) -> TableSchema:
    values = sections.get("table", {})
    _check_keys("table", values, ("missing", "leave_out"))
    target = _target(sections, "column")
    numeric = [_numeric(name, given) for name, given in sections.get("numeric", {}).items()]
    categorical = [_categorical(name, given) for name, given in sections.get("categorical", {}).items()]
    if not numeric and not categorical:
        raise _Mistake("no features: declare columns under [numeric] and [categorical], or images under [images]")
    parts = {"target": target, "numeric": numeric, "categorical": categorical}
    return _build(TableSchema, "table", {**values, **parts}, check=False)


def _image_schema(sections: dict[str, Values]) -> ImageSchema:
    values = dict(sections["images"])
    _check_keys("images", values, ("size",))
    size = {"image_size": values["size"]} if "size" in values else {}
    return _build(ImageSchema, "images", {**size, "target": _target(sections, None)}, check=False)


def _target(sections: dict[str, Values], required: str | None) -> Target:
    values = dict(sections.get("target", {}))
    if not values:
        raise _Mistake("[target] is not given: it needs kind, and for a table column")
    _check_keys("target", values, _TARGET_KEYS)
    if required and required not in values:
        raise _Mistake(f"[target] {required}: it is not given, and must be: the name of the column to predict")
    values["name"] = values.pop("column", "label")
    values["classes"] = _texts("target", "classes", values.get("classes", []))
    values |= _range("target", values)
    return _build(Target, "target", values, check=False)


def _numeric(name: str, given: object) -> NumericFeature:
    section = f"numeric.{_quoted(name)}"
    values = _feature("numeric", name, given, ("range", "usual", "unit", "integer", "impute"))
    ends = _range(section, values)
    return _build(NumericFeature, section, {**values, **ends, "name": name}, check=False)


def _categorical(name: str, given: object) -> CategoricalFeature:
    section = f"categorical.{_quoted(name)}"
    given = {"categories": given} if isinstance(given, list) else given
    values = _feature("categorical", name, given, ("categories", "impute", "unknown"))
    if "categories" in values:
        values["categories"] = _texts(section, "categories", values["categories"])
    if "impute" in values:
        values["impute"] = _text(values["impute"])
    return _build(CategoricalFeature, section, {**values, "name": name}, check=False)


def _feature(kind: str, name: str, given: object, known: Iterable[str]) -> Values:
    if not isinstance(given, dict):
        raise _Mistake(f"[{kind}] {_quoted(name)}: it must be a group of keys, such as {_quoted(name)} = {{ }}")
    if broken := _broken_name(given, known):
        whole = f'"{name}.{broken}"'
        raise _Mistake(f"[{kind}] {name}.{broken}: a column name with dots needs quotes, [{kind}.{whole}]")
    _check_keys(f"{kind}.{_quoted(name)}", given, known)
    return dict(given)


def _broken_name(given: Values, known: Iterable[str]) -> str:
    """The rest of a column name that TOML took apart at its dots, or nothing."""
    key, value = next(iter(given.items()), ("", None))
    if key in known or not isinstance(value, dict):
        return ""
    rest = _broken_name(value, known)
    return f"{key}.{rest}" if rest else key


def _range(section: str, values: Values) -> Values:
    """``range`` taken out of the values and turned into minimum and maximum; infinite means open."""
    if "range" not in values:
        return {}
    ends = values.pop("range")
    plain = isinstance(ends, list) and len(ends) == 2 and all(type(end) in (int, float) for end in ends)
    if not plain or not ends[0] < ends[1]:
        raise _Mistake(f"[{section}] range: it must be two numbers, the lower first, such as [0, 130] or [0, inf]")
    low, high = (None if math.isinf(end) else float(end) for end in ends)
    return {"minimum": low, "maximum": high}


# -- wording and checking ---------------------------------------------------------------------------------------------


def _build(model: type[Part], section: str, values: Values, check: bool = True) -> Part:
    """The validated part; the first mistake is told under the key that the user wrote."""
    if check:
        _check_keys(section, values, [name for name in model.model_fields if name != "kind"])
    try:
        return model.model_validate(values)
    except ValidationError as error:
        place, reason = mistakes(error)[0]
        key = ".".join(_WRITTEN.get(part, part) for part in place if not part.isdecimal())
        raise _Mistake(f"[{section}]{f' {key}' if key else ''}: {reason}") from None


def _check_keys(section: str, values: Values, known: Iterable[str]) -> None:
    known = list(known)
    for key in values:
        if key not in known:
            raise _Mistake(f"[{section}] {key}: there is no such key; {did_you_mean(key, known)}")


def _texts(section: str, key: str, values: object) -> list[str]:
    if not isinstance(values, list):
        raise _Mistake(f'[{section}] {key}: it must be a list, such as ["no", "yes"]')
    return [_text(value) for value in values]


def _text(value: object) -> str:
    """Categories may be written as numbers or true and false; a file holds text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else f'"{name}"'


def _slug(stem: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in stem.lower()).strip("-")


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"[{name}]" for name in names)
