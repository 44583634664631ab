"""Runs that start by themselves: at times, or after so many new records."""

from __future__ import annotations

from fastapi import APIRouter

from fedcare.errors import Conflict, NotFound
from fedcare.gateway.answers import answers
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.plans.endpoints import PLANNING
from fedcare.gateway.schedules import repository, service
from fedcare.gateway.schedules.schemas import NewSchedule, Schedule, ScheduleId, Schedules, Trigger
from fedcare.gateway.services import CurrentServices
from fedcare.gateway.strict_json import StrictRoute

router = APIRouter(prefix="/training/schedules", tags=["training"], route_class=StrictRoute)


@router.get("", operation_id="listSchedules", responses=answers())
def list_schedules(caller: CurrentCaller, services: CurrentServices) -> Schedules:
    """Every schedule, the oldest first."""
    with services.database.transaction(caller.scope) as tx:
        return Schedules(items=[service.schedule_of(row) for row in repository.every(tx)])


@router.post("", operation_id="createSchedule", status_code=201, responses=answers(NotFound, Conflict, *PLANNING))
def create_schedule(body: NewSchedule, caller: CurrentCaller, services: CurrentServices) -> Schedule:
    """Start runs of one plan by a trigger."""
    return service.add(services, caller, body)


@router.get("/{schedule_id}", operation_id="getSchedule", responses=answers(NotFound))
def get_schedule(schedule_id: ScheduleId, caller: CurrentCaller, services: CurrentServices) -> Schedule:
    """One schedule."""
    with services.database.transaction(caller.scope) as tx:
        return service.known(tx, schedule_id)


@router.put("/{schedule_id}", operation_id="updateSchedule", responses=answers(NotFound))
def update_schedule(
    schedule_id: ScheduleId, body: Trigger, caller: CurrentCaller, services: CurrentServices
) -> Schedule:
    """Replace the trigger and the budget of runs; what is run stays the same plan."""
    return service.change(services.database, caller, schedule_id, body)


@router.delete("/{schedule_id}", operation_id="deleteSchedule", status_code=204, responses=answers(NotFound))
def delete_schedule(schedule_id: ScheduleId, caller: CurrentCaller, services: CurrentServices) -> None:
    """Start no more runs by it; those that it started stay."""
    service.remove(services.database, caller, schedule_id)
