"""Two versions on the outcomes that became known since they share a task's traffic.

Only predictions made while the traffic is shared count: who answered was chance then, so the two groups of patients are
alike. A patient counts once, with the last prediction of which the outcome is known; a record without a patient counts
by itself. An outcome is what ``PUT /predictions/{id}/outcome`` recorded or, for a task that predicts it, the patient's
insurance cost where that was recorded after the prediction.

The consortium's admin may see no prediction. For this role each institution's sums are taken in that institution's own
scope, and only sums leave it: those of an institution in which either version has fewer than ``LEAST`` outcomes are
left out, since a sum of a few would tell of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import sqrt
from statistics import NormalDist
from typing import Any, Literal

from sqlalchemy import Connection, select, text

from fedcare.db import audit
from fedcare.db.database import Scope
from fedcare.db.tables import institutions
from fedcare.errors import Conflict
from fedcare.gateway.caller import Caller, Role
from fedcare.gateway.models import repository
from fedcare.gateway.models.schemas import Comparison, Difference, Score
from fedcare.gateway.services import Services
from fedcare.tasks.spec import Task

LEAST = 10
# An institution that sees its own needs one outcome of each version for a difference.
LEAST_OF_OWN = 1
# Below this a deviation is hardly known, and so is the interval that would follow from it.
LEAST_FOR_INTERVAL = 5
LEVEL = 0.95
COST = "insurance_cost"

# How far one prediction was off: the absolute error of a number; right or wrong, and Brier's score, of a class.
_FIRST = {
    "regression": "abs(value - outcome)",
    "binary": "((result->'probabilities'->(outcome::int)->>'label') = (result->>'label'))::int",
}
_SECOND = {
    "regression": "0",
    "binary": "power(value - outcome, 2)",
    "multiclass": """(
        select sum(power((each.value->>'probability')::float - (each.place = outcome::int + 1)::int, 2))
        from jsonb_array_elements(result->'probabilities') with ordinality as each(value, place)
    )""",
}
_SUMS = """
    with made as (
        select p.id, p.patient_id, p.model_version, p.value, p.result, coalesce(
            p.outcome, case when :of_cost and patients.cost_recorded_at >= p.created_at
            then patients.insurance_cost::float end
        ) as outcome
        from predictions as p
        left join patients on patients.tenant = p.tenant and patients.id = p.patient_id
        where p.task = :task and p.model_version in (:active, :challenger) and p.created_at >= :since
    ), known as (
        select distinct on (model_version, coalesce(patient_id, id)) *
        from made where outcome is not null
        order by model_version, coalesce(patient_id, id), id desc
    ), scored as (
        select model_version, ({first})::float as first, ({second})::float as second from known
    )
    select version, (select count(*) from made where model_version = version) as predictions,
        count(scored.first) as outcomes,
        coalesce(sum(first), 0) as first, coalesce(sum(first * first), 0) as first_squares,
        coalesce(sum(second), 0) as second, coalesce(sum(second * second), 0) as second_squares
    from unnest(array[:active, :challenger]) as version left join scored on model_version = version
    group by version
"""
_QUERIES = {
    kind: text(_SUMS.format(first=_FIRST.get(kind, _FIRST["binary"]), second=second))
    for kind, second in _SECOND.items()
}


@dataclass(frozen=True)
class Sums:
    """What is needed of one version: counts, and sums of its errors and of their squares."""

    predictions: int = 0
    outcomes: int = 0
    first: float = 0.0
    first_squares: float = 0.0
    second: float = 0.0
    second_squares: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(mine + theirs for mine, theirs in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[Any, ...]:
        return tuple(vars(self).values())


Pair = tuple[Sums, Sums]


def compare(services: Services, caller: Caller, task_name: str) -> Comparison:
    """The active version and its challenger; raises Conflict where no traffic is shared, and what ``place`` raises."""
    task = _task(services, task_name)
    with services.database.transaction(caller.scope) as tx:
        active, shared = repository.active(tx, task_name), repository.sharing(tx, task_name)
        if active is None or shared is None:
            raise Conflict(reason=f"No traffic of {task_name} is shared: there is nothing to compare.")
        asked = _asked(task, active.version, shared)
        own = [] if caller.role is Role.CONSORTIUM else [_sums(tx, task, asked)]
        every = tx.execute(select(institutions.c.id).order_by(institutions.c.id)).scalars().all()
        audit.record(tx, caller.origin, "models.compare", "model_version", shared.id)
    if caller.role is Role.CONSORTIUM:
        found = [_of_institution(services, task, asked, each) for each in every]
        counted = [pair for pair in found if min(sums.outcomes for sums in pair) >= LEAST]
        left_out = sum(any(sums.predictions for sums in pair) for pair in found) - len(counted)
    else:
        counted, left_out = own, 0
    ours, theirs = reduce(_added, counted, (Sums(), Sums()))
    return Comparison(
        task=task_name,
        since=shared.started_at,
        fraction=shared.fraction,
        institutions=len(counted),
        left_out=left_out,
        least_outcomes=LEAST if caller.role is Role.CONSORTIUM else LEAST_OF_OWN,
        active=_score(task, active.version, ours),
        challenger=_score(task, shared.version, theirs),
        differences=list(_differences(task, ours, theirs)),
    )


def _task(services: Services, name: str) -> Task:
    ready = services.shelf.place(name).ready
    assert ready is not None
    return ready.version.task


def _asked(task: Task, active: str, shared: Any) -> dict[str, Any]:
    of_cost = COST in (task.records.target.name, *task.records.target.aliases)
    return {
        "task": task.name,
        "active": active,
        "challenger": shared.version,
        "since": shared.started_at,
        "of_cost": of_cost,
    }


def _of_institution(services: Services, task: Task, asked: Mapping[str, Any], institution_id: int) -> Pair:
    with services.database.transaction(Scope.of(institution_id)) as tx:
        return _sums(tx, task, asked)


def _sums(tx: Connection, task: Task, asked: Mapping[str, Any]) -> Pair:
    found = {row.version: Sums(*row[1:]) for row in tx.execute(_QUERIES[task.kind], dict(asked))}
    return found.get(asked["active"], Sums()), found.get(asked["challenger"], Sums())


def _added(one: Pair, other: Pair) -> Pair:
    return one[0] + other[0], one[1] + other[1]


def _score(task: Task, version: str, sums: Sums) -> Score:
    counts = {"version": version, "predictions": sums.predictions, "outcomes": sums.outcomes}
    if not sums.outcomes:
        return Score.model_validate(counts)
    if task.kind == "regression":
        figures = {"mae": sums.first / sums.outcomes, "rmse": sqrt(sums.first_squares / sums.outcomes)}
    else:
        figures = {"accuracy": sums.first / sums.outcomes, "brier": sums.second / sums.outcomes}
    return Score.model_validate(counts | figures)


def _differences(task: Task, ours: Sums, theirs: Sums) -> Iterable[Difference]:
    if not (ours.outcomes and theirs.outcomes):
        return
    pairs = [(each.outcomes, each.first, each.first_squares) for each in (ours, theirs)]
    if task.kind == "regression":
        yield _difference("mae", "lower", *pairs)
        return
    yield _difference("accuracy", "higher", *pairs)
    yield _difference("brier", "lower", *((each.outcomes, each.second, each.second_squares) for each in (ours, theirs)))


Moments = tuple[int, float, float]


def _difference(
    figure: Literal["mae", "accuracy", "brier"], better: Literal["lower", "higher"], ours: Moments, theirs: Moments
) -> Difference:
    """The difference of two means and its interval: Welch, Biometrika 1947."""
    value = theirs[1] / theirs[0] - ours[1] / ours[0]
    if min(ours[0], theirs[0]) < LEAST_FOR_INTERVAL:
        return Difference(figure=figure, better=better, value=value, low=None, high=None)
    parts = [
        max(squares - total * total / count, 0.0) / (count - 1) / count for count, total, squares in (ours, theirs)
    ]
    variance = sum(parts)
    spread = sum(part**2 / (count - 1) for part, (count, _, _) in zip(parts, (ours, theirs), strict=True))
    half = _student(variance**2 / spread) * sqrt(variance) if spread else 0.0
    return Difference(figure=figure, better=better, value=value, low=value - half, high=value + half)


def _student(freedom: float) -> float:
    """The quantile of Student's distribution, by its expansion round the normal one (Abramowitz and Stegun, 26.7.5).

    Exact to 0.3% from four degrees of freedom on.
    """
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms))
