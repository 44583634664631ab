"""Institutions and workers as they come and go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from fedcare.gateway.auth.schemas import Email
from fedcare.gateway.types import INT32, Text200, clean

InstitutionId = Annotated[int, Field(ge=1, le=INT32)]
Days = Annotated[int, Field(ge=1, le=36_500)]


class InstitutionFields(BaseModel):
    """What can be said of an institution. Retention in days, null to keep without end: see docs/gateway.md."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[Text200, Field(examples=["Hospital A"])]
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(clean)] = Field(
        "", examples=["1 Main Street"]
    )
    retain_patients_days: Days | None = None
    retain_predictions_days: Days | None = None


class Institution(InstitutionFields):
    """One of the consortium."""

    id: int
    created_at: datetime


class InstitutionPage(BaseModel):
    """``next`` is the cursor of the page after this one, null on the last."""

    items: list[Institution]
    next: str | None


class WorkerRole(StrEnum):
    """An admin without an institution is the consortium's."""

    NURSE = "nurse"
    DOCTOR = "doctor"
    ADMIN = "admin"


class WorkerFields(BaseModel):
    """What can be changed of a worker; an inactive one cannot sign in, and sessions end at once."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text200, Field(examples=["Ada Lovelace"])]
    role: WorkerRole
    is_active: Annotated[bool, Field(strict=True)] = True


class NewWorker(BaseModel):
    """``institution_id`` is the consortium's to say; null means one's own."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    name: Annotated[Text200, Field(examples=["Ada Lovelace"])]
    role: WorkerRole
    institution_id: Annotated[InstitutionId, Field(strict=True)] | None = None


class Worker(BaseModel):
    """Somebody with an account. ``has_password`` is false until the invitation was accepted."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    institution_id: int | None
    email: str
    name: str
    role: WorkerRole
    is_active: bool
    has_password: bool
    created_at: datetime


class WorkerPage(BaseModel):
    """``next`` is the cursor of the page after this one, null on the last."""

    items: list[Worker]
    next: str | None


class InvitedWorker(BaseModel):
    """``invitation`` sets the worker's password at `/api/auth/invitation`, once; it is shown here and nowhere else."""

    worker: Worker
    invitation: str
