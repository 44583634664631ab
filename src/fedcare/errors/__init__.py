"""The one catalogue of errors, a file for each domain.

Every failure that a user can meet is a class here: a stable code, the HTTP status that the gateway answers with, and a
sentence that says what went wrong and what to do. The text never holds a patient's data: a value from a record may be
named only where its owner reads it on the owner's own machine (``BadRecords``, ``BadValue``).
"""

from __future__ import annotations

from fedcare.errors.access import *  # noqa: F403
from fedcare.errors.base import FedCareError as FedCareError
from fedcare.errors.database import *  # noqa: F403
from fedcare.errors.federation import *  # noqa: F403
from fedcare.errors.models import *  # noqa: F403
from fedcare.errors.records import *  # noqa: F403
from fedcare.errors.request import *  # noqa: F403
from fedcare.errors.runs import *  # noqa: F403
from fedcare.errors.trust import *  # noqa: F403
from fedcare.errors.usage import *  # noqa: F403


def catalogue() -> list[type[FedCareError]]:
    """Every error class, those of a file together and in its order."""
    return sorted(FedCareError.__subclasses__(), key=lambda kind: kind.__module__)
