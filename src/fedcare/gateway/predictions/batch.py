"""Many records at once, column by column: a row that cannot be read costs the others nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from fedcare.db import audit
from fedcare.db.ids import new_id
from fedcare.errors import InvalidRequest
from fedcare.gateway import idempotency
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer, Ticket
from fedcare.gateway.models.artifact import Ready
from fedcare.gateway.predictions import repository, wording
from fedcare.gateway.predictions.schemas.requests import BatchRequest, Features
from fedcare.gateway.predictions.service import key_of
from fedcare.gateway.problems import problems_of
from fedcare.gateway.services import Services
from fedcare.gateway.strict_json import parse
from fedcare.serving.answers import Prediction, Refusal

_FEATURES: TypeAdapter[dict[str, Any]] = TypeAdapter(Features)
NO_OBJECT = {"field": "(row)", "problem": "it is not an object of features"}


@dataclass
class _Columns:
    """What is answered, by row; ``said`` holds those rows of which more is known than the columns hold."""

    values: list[float | None]
    lows: list[float | None]
    highs: list[float | None]
    labels: list[str | None]
    problems: dict[int, list[dict[str, str]]] = field(default_factory=dict)
    said: dict[int, Prediction] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: int) -> _Columns:
        return cls([None] * rows, [None] * rows, [None] * rows, [None] * rows)


def parse_rows(body: bytes) -> Any:
    """As ``strict_json.parse``, quicker for many flat records; raises BadRequest.

    The quick reader would take the last of two equal names. Every name has a colon after it: where the body holds no
    more colons than there are names, no name stood twice. Anything else is left to the careful reader.
    """
    try:
        value = from_json(body, allow_inf_nan=False)
        names = len(value) + sum(map(len, value["rows"]))
    except (ValueError, TypeError, KeyError):
        return parse(body)
    return value if body.count(b":") == names else parse(body)


def predict_batch(services: Services, caller: Caller, asked: BatchRequest) -> dict[str, Any]:
    """The fields of ``schemas.BatchAnswer``, from memory alone.

    While traffic is shared, each version answers its own share of the rows. Raises NoActiveModel, UnusableModel, and
    InvalidRequest where the task is about images.
    """
    return _answer(asked, *_predicted(services, caller, asked), ids=None)


def predict_and_keep_batch(services: Services, caller: Caller, asked: BatchRequest, ticket: Ticket | None) -> Answer:
    """The same, with every prediction in the history, in one transaction and with one audit row.

    ``ticket``: of a request that must be kept once. Raises also Conflict for a key that was used for another request.
    """
    with services.database.transaction(caller.scope) as tx:
        if before := idempotency.claim(tx, caller, ticket):
            return before
        versions, answered_by, columns = _predicted(services, caller, asked)
        ids, kept = _rows(caller, asked.rows, versions, answered_by, columns)
        body = to_json(_answer(asked, versions, answered_by, columns, ids), inf_nan_mode="null").decode()
        made = Answer(200, body)
        idempotency.keep(tx, caller, ticket, made)
        if kept:
            repository.add_many(tx, kept)
            audit.record(tx, caller.origin, "predictions.create_batch", "predictions", len(kept))
        return made


def _predicted(
    services: Services, caller: Caller, asked: BatchRequest
) -> tuple[list[Ready], list[int] | None, _Columns]:
    """The versions that answered, which of them each row, and what they said."""
    groups = _groups(services, asked)
    columns = _Columns.of(len(asked.rows))
    for ready, places in groups.items():
        _predict(services.shelf.institution(caller.institution_id), ready, asked.rows, places, columns)
    return list(groups), _answered_by(groups, len(asked.rows)), columns


def _groups(services: Services, asked: BatchRequest) -> dict[Ready, Sequence[int]]:
    """The rows' places by the version that answers them."""
    place = services.shelf.place(asked.task)
    assert place.ready is not None
    if not place.ready.features:
        raise InvalidRequest([{"field": "task", "problem": f"{asked.task} predicts from images, one at a time"}])
    if place.challenger is None:
        return {place.ready: range(len(asked.rows))}
    found: dict[Ready, list[int]] = {}
    for at, row in enumerate(asked.rows):
        key = key_of(row) if isinstance(row, dict) else b""
        found.setdefault(services.shelf.pick(asked.task, partial(_given, key)), []).append(at)
    return dict(found)


def _given(key: bytes) -> bytes:
    return key


def _predict(institution: str | None, ready: Ready, rows: list[Any], places: Sequence[int], columns: _Columns) -> None:
    """Fill in the columns of one version's rows."""
    known, usable, records = ready.features, [], []
    for at in places:
        row = rows[at]
        if type(row) is dict and row.keys() <= known:
            usable.append(at)
            records.append(row)
        else:
            columns.problems[at] = _why_not(row, ready)
    answers = ready.predictor.batch(records, institution)
    target = ready.version.task.records.target
    if target.kind == "regression":
        strange = _outside_limits(answers.words.values, target.minimum, target.maximum)
        _fill(columns.values, usable, answers.words.values)
        _fill(columns.lows, usable, answers.words.lows)
        _fill(columns.highs, usable, answers.words.highs)
        remarkable: Sequence[int] = sorted(strange | answers.odd.keys())
    else:
        remarkable = range(len(usable))
    for place in remarkable:
        _note(columns, ready, usable[place], records[place], answers[place])
    ready.counted.inc(len(usable) - sum(at in columns.problems for at in usable) if columns.problems else len(usable))


def _fill(column: list[float | None], places: Sequence[int], values: Any) -> None:
    """Put values at their rows; JSON has no NaN, which stands for none."""
    found = values.tolist() if np.isfinite(values).all() else [x if np.isfinite(x) else None for x in values.tolist()]
    if len(places) == len(column):
        column[:] = found
        return
    for at, value in zip(places, found, strict=True):
        column[at] = value


def _outside_limits(values: Any, least: float | None, most: float | None) -> set[int]:
    """Rows whose prediction is a value that the target cannot have, or none at all."""
    strange = ~np.isfinite(values)
    strange |= values < (-np.inf if least is None else least)
    strange |= values > (np.inf if most is None else most)
    return set(np.flatnonzero(strange).tolist())


def _note(columns: _Columns, ready: Ready, at: int, record: Mapping[str, Any], answer: Prediction | Refusal) -> None:
    """What is to be said of a row: why it was refused, or what was assumed of it."""
    problems = wording.problems(answer) if isinstance(answer, Refusal) else _unclean(record)
    if not problems and isinstance(answer, Prediction):
        said = _said(ready, answer)
        if said is not None:
            columns.said[at] = answer
            columns.values[at], columns.labels[at] = said["value"], said["label"]
            return
        problems = [{"field": "(row)", "problem": "the model makes no number of it"}]
    columns.problems[at] = problems
    columns.values[at] = columns.lows[at] = columns.highs[at] = columns.labels[at] = None


def _said(ready: Ready, answer: Prediction) -> dict[str, Any] | None:
    try:
        return wording.said(ready, answer)
    except InvalidRequest:
        return None


def _unclean(record: Mapping[str, Any]) -> list[dict[str, str]]:
    """What a single prediction would refuse in a record that is out of the ordinary: lists, NUL characters."""
    try:
        _FEATURES.validate_python(record)
    except ValidationError as error:
        return problems_of(error)
    return []


def _why_not(row: Any, ready: Ready) -> list[dict[str, str]]:
    if not isinstance(row, dict):
        return [NO_OBJECT]
    return wording.unknown(sorted(row.keys() - ready.features)[:10], ready)


def _answered_by(groups: Mapping[Ready, Sequence[int]], rows: int) -> list[int] | None:
    if len(groups) == 1:
        return None
    answered = [0] * rows
    for place, places in enumerate(groups.values()):
        for at in places:
            answered[at] = place
    return answered


def _rows(
    caller: Caller, rows: list[Any], versions: list[Ready], answered_by: list[int] | None, columns: _Columns
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Ids by row, None where there is no prediction, and what the history is to hold."""
    ids: list[Any] = [None] * len(rows)
    kept = []
    for at, value in enumerate(columns.values):
        if value is None:
            continue
        ready = versions[answered_by[at] if answered_by else 0]
        ids[at] = new_id()
        said = wording.said(ready, columns.said.get(at) or _ordinary(ready, columns, at))
        row = wording.row(ready, caller.institution_id, caller.worker_id, ids[at], said | {"explanation": None})
        kept.append(row | {"features": rows[at]})
    return ids, kept


def _ordinary(ready: Ready, columns: _Columns, at: int) -> Prediction:
    value = columns.values[at]
    assert value is not None
    unit = ready.version.task.records.target.unit
    return Prediction(value=value, unit=unit, low=columns.lows[at], high=columns.highs[at])


def _answer(
    asked: BatchRequest, versions: list[Ready], answered_by: list[int] | None, columns: _Columns, ids: list[Any] | None
) -> dict[str, Any]:
    target = versions[0].version.task.records.target
    is_number = target.kind == "regression"
    notes = [
        {"row": at, "reasons": each.reasons, "warnings": each.warnings}
        for at, each in sorted(columns.said.items())
        if each.warnings or each.reasons
    ]
    return {
        "task": asked.task,
        "model_versions": [each.name for each in versions],
        "answered_by": answered_by,
        "unit": target.unit or None,
        "about": wording.about_of(versions[0]),
        "rows": len(asked.rows),
        "predicted": len(asked.rows) - len(columns.problems),
        "values": columns.values,
        "lows": columns.lows if is_number else None,
        "highs": columns.highs if is_number else None,
        "labels": None if is_number else columns.labels,
        "not_sure": sorted(at for at, each in columns.said.items() if each.not_sure),
        "notes": notes,
        "refused": [{"row": at, "problems": each} for at, each in sorted(columns.problems.items())],
        "ids": ids,
    }
