"""One prediction: for given features or a stored patient, explained or not, kept or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Connection

from fedcare.db import audit
from fedcare.db.ids import new_id
from fedcare.errors import InvalidRequest, NotFound
from fedcare.gateway import idempotency
from fedcare.gateway.caller import Caller
from fedcare.gateway.idempotency import Answer, Ticket
from fedcare.gateway.models.artifact import Ready
from fedcare.gateway.predictions import repository, wording
from fedcare.gateway.predictions.schemas.requests import PredictionRequest
from fedcare.gateway.services import Services
from fedcare.serving.answers import Refusal

Features = Mapping[str, object]


def is_plain(asked: PredictionRequest) -> bool:
    """Whether it can be answered without the database: nothing is read there and nothing kept."""
    return asked.patient_id is None and not asked.record


def predict(services: Services, caller: Caller, asked: PredictionRequest) -> dict[str, Any]:
    """The answer, from memory alone; the fields of ``schemas.PredictionAnswer``.

    Raises NoActiveModel, UnusableModel, and InvalidRequest for a record that the task does not take.
    """
    features = asked.features or {}
    ready = services.shelf.pick(asked.task, lambda: key_of(features))
    return _answer(services, caller, ready, features, asked.explain)


def predict_with_database(
    services: Services, caller: Caller, asked: PredictionRequest, ticket: Ticket | None = None
) -> Answer:
    """The answer for a stored patient, or one that is kept: reading, predicting and keeping are one transaction.

    ``ticket``: of a request that must be kept once. Raises NotFound for the patient, Conflict for a key that was used
    for another request, and what ``predict`` raises.
    """
    with services.database.transaction(caller.scope) as tx:
        if asked.record and (before := idempotency.claim(tx, caller, ticket)):
            return before
        features = _record_of(tx, asked, services)
        ready = services.shelf.pick(asked.task, lambda: key_of(features, asked.patient_id))
        answer = _answer(services, caller, ready, features, asked.explain)
        if asked.record:
            answer["id"] = keep(tx, caller, ready, answer, asked.patient_id, features)
            made = Answer(200, to_json(answer).decode())
            idempotency.keep(tx, caller, ticket, made, asked.patient_id)
            return made
        if asked.patient_id is not None:
            audit.record(tx, caller.origin, "predictions.read_patient", "patient", asked.patient_id)
    return Answer(200, to_json(answer).decode())


def keep(
    tx: Connection,
    caller: Caller,
    ready: Ready,
    answer: Mapping[str, Any],
    patient_id: UUID | None,
    features: Features | None,
) -> UUID:
    """Add a prediction to the history, with its audit row; its id."""
    prediction_id = new_id()
    said = {name: value for name, value in answer.items() if name not in ("id", "task", "model_version")}
    row = wording.row(ready, caller.institution_id, caller.worker_id, prediction_id, said)
    repository.add(tx, row | {"patient_id": patient_id, "features": None if features is None else dict(features)})
    audit.record(tx, caller.origin, "predictions.create", "prediction", prediction_id)
    return prediction_id


def key_of(features: Features, patient_id: UUID | None = None) -> bytes:
    """Who always gets the same version while traffic is shared: the patient; without one, the record itself.

    Not the worker: then one clinician would see the challenger for all patients and another for none.
    """
    return patient_id.bytes if patient_id else to_json(sorted(features.items(), key=lambda item: item[0]))


def _record_of(tx: Connection, asked: PredictionRequest, services: Services) -> Features:
    """The features of the patient's record, with those that were given beside it."""
    given = asked.features or {}
    if asked.patient_id is None:
        return given
    stored = repository.patient(tx, asked.patient_id)
    if stored is None:
        raise NotFound(what="patient")
    ready = services.shelf.place(asked.task).ready
    assert ready is not None
    held = {name: value for name, value in stored.items() if name in ready.features}
    if twice := sorted(held.keys() & given.keys()):
        problem = "it comes from the patient's record; change it there, or ask without patient_id"
        raise InvalidRequest([{"field": f"features.{name}", "problem": problem} for name in twice])
    return held | given


def _answer(services: Services, caller: Caller, ready: Ready, features: Features, explain: bool) -> dict[str, Any]:
    if not ready.features or not features.keys() <= ready.features:
        raise InvalidRequest(_refused_names(features, ready))
    institution = services.shelf.institution(caller.institution_id)
    explanation = None
    if explain:
        found = ready.predictor.explain(features, institution)
        if isinstance(found, Refusal):
            raise InvalidRequest(wording.problems(found, "features."))
        prediction, explanation = found[0], wording.explained(found[1])
    else:
        answer = ready.predictor.predict(features, institution)
        if isinstance(answer, Refusal):
            raise InvalidRequest(wording.problems(answer, "features."))
        prediction = answer
    said = wording.said(ready, prediction)
    ready.counted.inc()
    return {"id": None, "task": ready.task, "model_version": ready.name, **said, "explanation": explanation}


def _refused_names(features: Features, ready: Ready) -> list[dict[str, str]]:
    if not ready.features:
        return [{"field": "task", "problem": f"{ready.task} predicts from images: send one to predictions/imaging"}]
    return wording.unknown(sorted(features.keys() - ready.features), ready, "features.")
