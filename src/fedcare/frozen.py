"""Value objects: what a plan, a task and their parts are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(gt=0.0, le=1.0)]
Count = Annotated[int, Field(ge=1)]


class Frozen(BaseModel):
    """A value object: unknown keys are refused, nothing changes after it is made, NaN and infinity are not numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
