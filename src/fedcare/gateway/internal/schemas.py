"""What the coordinator's processes report. A newer coordinator may say more than is read here."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from fedcare.gateway.models.schemas import TaskName
from fedcare.gateway.training.schemas import RoundStatus, RunStatus
from fedcare.gateway.types import Finite, Text100, Text200, Whole, clean

_RUN = "019a2015-77aa-7ba6-8988-8bec93ae7cae"
_FIGURES: JsonDict = {"loss": 0.21, "r2": 0.84}
MOST_INSTITUTIONS = 10_000


def _cut(text: Any) -> Any:
    return text[:2000] if isinstance(text, str) else text


Reason = Annotated[
    str, BeforeValidator(_cut), StringConstraints(strict=True), AfterValidator(clean), Field(description="Cut at 2000.")
]
Count = Annotated[int, Whole(0)]
Bytes = Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
Seconds = Annotated[Finite, Field(ge=0)]
Epsilon = Annotated[Finite, Field(ge=0)]
Figures = Annotated[dict[Text100, Finite | None], Field(max_length=200)]
Said = Annotated[dict[Text100, Any], Field(max_length=200)]


class Report(BaseModel):
    """About a run that the gateway knows."""

    model_config = ConfigDict(extra="ignore")

    run_id: UUID


class Decision(BaseModel):
    """The gate's: whether a version may answer, and why."""

    model_config = ConfigDict(extra="ignore")

    activate: Annotated[bool, Field(strict=True)]
    reasons: Annotated[list[Reason], Field(max_length=1000)]


class RunReport(Report):
    """How far a run is; an ended one stays ended."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"run_id": _RUN, "status": "failed", "reason": "Round 3: too few answers."}]}
    )

    status: RunStatus
    reason: Reason | None = None
    attempts: Count | None = None
    version: Text200 | None = None
    decision: Decision | None = None


class RoundReport(Report):
    """A round as it stands; reported again, it replaces what was said before.

    ``participants`` are rows by institution, ``dropped`` says why an institution's answer did not count.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "run_id": _RUN,
                    "round": 3,
                    "status": "completed",
                    "aggregation_method": "fedavg",
                    "participants": {"Hospital A": 214},
                    "dropped": {},
                    "metrics": _FIGURES,
                    "train_loss": 0.2,
                    "seconds": 1.2,
                    "bytes_sent": 107540,
                    "bytes_received": 107540,
                    "late_answers": 0,
                }
            ]
        }
    )

    round: Count
    status: RoundStatus
    aggregation_method: Annotated[Text100, Field(max_length=50)]
    participants: Annotated[dict[Text200, Count], Field(max_length=MOST_INSTITUTIONS)] = Field(default_factory=dict)
    dropped: Annotated[dict[Text200, Reason], Field(max_length=MOST_INSTITUTIONS)] = Field(default_factory=dict)
    metrics: Figures = Field(default_factory=dict)
    train_loss: Finite | None = None
    seconds: Seconds | None = None
    bytes_sent: Bytes | None = None
    bytes_received: Bytes | None = None
    late_answers: Count = 0


class InstitutionFigures(BaseModel):
    """One institution's part in a round."""

    model_config = ConfigDict(extra="ignore")

    examples: Count
    metrics: Figures = Field(default_factory=dict)
    seconds: Seconds | None = None
    dropped: Reason | None = None
    epsilon: Epsilon | None = None


class MetricsReport(Report):
    """Each institution's own figures of a round; names that the gateway does not know are passed over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"run_id": _RUN, "round": 3, "institutions": {"Hospital A": {"examples": 54, "metrics": _FIGURES}}}
            ]
        }
    )

    round: Count
    institutions: Annotated[dict[Text200, InstitutionFigures], Field(max_length=MOST_INSTITUTIONS)]


class Seen(BaseModel):
    """A node that is there, and how many usable records it counts by task."""

    model_config = ConfigDict(extra="ignore")

    institution: Text200
    node_id: Text100
    records: Annotated[dict[TaskName, Count], Field(max_length=1000)]
    software: Annotated[Text100, Field(max_length=50)] | None = None
    certificate_expires_at: AwareDatetime | None = None


class ClientsReport(BaseModel):
    """The nodes that the door has heard of lately."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"clients": [{"institution": "Hospital A", "node_id": "17", "records": {"insurance-cost": 268}}]}
            ]
        },
    )

    clients: Annotated[list[Seen], Field(max_length=MOST_INSTITUTIONS)]


class EventReport(Report):
    """A note for whoever watches the run; nothing of any one institution's figures."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"run_id": _RUN, "kind": "note", "data": {"text": "waiting for Hospital C to connect"}}]
        }
    )

    kind: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9 _-]{0,29}$")]
    data: Said = Field(default_factory=dict)


class VersionFields(BaseModel):
    """What stands beside the zip in the form, as text. ``reasons`` and ``signature`` are JSON."""

    model_config = ConfigDict(extra="ignore")

    run_id: UUID
    activate: bool
    reasons: Annotated[str, StringConstraints(max_length=1_000_000)] = "[]"
    signature: Annotated[str, StringConstraints(max_length=1_000_000), AfterValidator(clean)] | None = None


class Stored(BaseModel):
    """The version that was taken in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": "insurance-cost-3f2a9c81d04e"}]})

    version: str
