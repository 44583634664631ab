"""What patients look like from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from fedcare.gateway.types import Line100, Number, PageSize, Whole, Words

Sex = Literal["male", "female"]
YesNo = Literal["yes", "no"]
GREATEST_COST = 100_000_000_000.0

EXAMPLE: dict[str, JsonValue] = {
    "first_name": "Zoë",
    "last_name": "Müller",
    "age": 42,
    "sex": "female",
    "bmi": 27.9,
    "children": 2,
    "smoker": "no",
    "region": "northeast",
    "insurance_cost": 8240.59,
}


STORED_EXAMPLE: dict[str, JsonValue] = {
    "id": "0197a3c2-5b1e-7c44-9d0a-3f6d2b8e1a57",
    **EXAMPLE,
    "created_by": "0197a3b0-11d2-7e0f-8a35-5c9e7b6d4f21",
    "created_at": "2026-03-02T09:30:00.123456+00:00",
    "updated_at": "2026-03-02T09:30:00.123456+00:00",
    "revision": 1,
}
REPORT_EXAMPLE: dict[str, JsonValue] = {
    "dry_run": False,
    "rows": 1338,
    "imported": 1337,
    "refused": 1,
    "named": 1337,
    "rounded": 1290,
    "problems": [{"line": 12, "column": "age", "reason": "200 is above the greatest possible, 130"}],
    "problems_left_out": 0,
    "ignored_columns": [],
    "preview": [],
}


class PatientFields(BaseModel):
    """A patient's record as a worker writes it: BMI in kg/m2, the yearly cost in dollars.

    A cost is rounded to cents, half to even.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    first_name: Line100
    last_name: Line100
    age: Annotated[int, Whole(0, 130)]
    sex: Sex
    bmi: Annotated[float, Number(5, 150)]
    children: Annotated[int, Whole(0, 30)]
    smoker: YesNo
    region: Line100
    insurance_cost: Annotated[float, Number(0, GREATEST_COST)] | None = None


class Patient(BaseModel):
    """A stored record; ``revision`` counts its states and is its ETag."""

    model_config = ConfigDict(json_schema_extra={"examples": [STORED_EXAMPLE]})

    id: UUID
    first_name: str
    last_name: str
    age: int
    sex: Sex
    bmi: float
    children: int
    smoker: YesNo
    region: str
    insurance_cost: float | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    revision: int


class PatientPage(BaseModel):
    """Patients in the order asked for; ``next`` is the ``cursor`` of the page after, null on the last one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [STORED_EXAMPLE], "next": "1772443800123-9f3c21ab~u3Jx0Qd2v7m", "count": None}]
        }
    )

    items: list[Patient]
    next: str | None
    count: int | None = Field(description="How many patients match in all; null unless asked for.")


class PatientFilters(BaseModel):
    """Which patients: those that meet all of it."""

    model_config = ConfigDict(extra="forbid")

    search: Annotated[
        Words | None,
        Field(
            description="Words that first or last names begin with; case and accents do not matter.",
            examples=["mull zo"],
        ),
    ] = None
    sex: Sex | None = None
    smoker: YesNo | None = None
    region: Words | None = None
    age_min: Annotated[int | None, Field(ge=0, le=130)] = None
    age_max: Annotated[int | None, Field(ge=0, le=130)] = None
    cost_min: Annotated[float | None, Field(ge=0, le=GREATEST_COST, allow_inf_nan=False)] = None
    cost_max: Annotated[float | None, Field(ge=0, le=GREATEST_COST, allow_inf_nan=False)] = None


class PatientQuery(PatientFilters):
    """Which patients, in which order, from where on. An unknown cost comes last in either order."""

    sort: Literal["name", "age", "cost", "updated"] = "name"
    order: Literal["asc", "desc"] = "asc"
    # Of two folded names of 200 characters each: encrypted, as text.
    cursor: Annotated[
        str | None, Field(max_length=3000, description="Where the page begins: `next` of the page before.")
    ] = None
    limit: PageSize = 50
    count: Annotated[bool, Field(description="Count all that match, too: slower.")] = False


class RowProblem(BaseModel):
    """Why a row cannot be taken: its line in the file (from 1, the header counted), the column and the reason."""

    line: int
    column: str
    reason: str


class ImportReport(BaseModel):
    """What became of a file's rows.

    ``rows`` were read, ``imported`` are stored (with ``dry_run``: would be), ``refused`` had one problem or more.
    ``named`` counts the good rows without a name, which got a placeholder, and ``rounded`` those whose cost had more
    than two decimals and was rounded to cents, half to even. ``problems`` holds the first thousand, and
    ``problems_left_out`` counts the others. ``preview`` shows the first good rows of a dry run.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [REPORT_EXAMPLE]})

    dry_run: bool
    rows: int
    imported: int
    refused: int
    named: int
    rounded: int
    problems: list[RowProblem]
    problems_left_out: int
    ignored_columns: list[str]
    preview: list[PatientFields]


class PatientExport(BaseModel):
    """Everything held on a patient: the record, what was predicted, images, and who did what with any of it."""

    patient: dict[str, Any]
    predictions: list[dict[str, Any]]
    imaging_studies: list[dict[str, Any]]
    idempotency_keys: list[dict[str, Any]]
    audit: list[dict[str, Any]]


class ErasureReport(BaseModel):
    """How many rows of what were erased."""

    patient_id: UUID
    erased: dict[str, int] = Field(examples=[{"patients": 1, "predictions": 3, "imaging_studies": 0}])
