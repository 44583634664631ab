"""Who is who in a consortium: tokens, certificates, signatures."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class BadEnrolment(FedCareError):
    """An institution cannot enrol with this token or this request."""

    code, status, exit_code = "bad_enrolment", 403, 2
    text = "The institution was not enrolled: {reason}."


class BadSignature(FedCareError):
    """A signature was not made by the consortium's coordinator over these bytes."""

    code, status = "bad_signature", 409
    text = "The signature does not count: {reason}. Nothing of it was taken over."


class NotEnrolled(FedCareError):
    """This machine has no certificate for the institution."""

    code, status, exit_code = "not_enrolled", 404, 2
    text = "{folder} holds no certificate. Enrol first: `fedcare node enrol --coordinator HOST:PORT --token TOKEN`."


class UntrustedCoordinator(FedCareError):
    """Whoever answers there is not the coordinator that the token names."""

    code, status, exit_code = "untrusted_coordinator", 502, 2
    text = "{where} is not the coordinator of this token: {reason}. Nothing was sent to it."


class CoordinatorUnreachable(FedCareError):
    """The coordinator does not answer, or drops the connection."""

    code, status, exit_code = "coordinator_unreachable", 503, 3
    text = "The coordinator at {where} cannot be reached: {reason}."


class CoordinatorRefused(FedCareError):
    """The coordinator answered with a refusal."""

    code, status, exit_code = "coordinator_refused", 403, 3
    text = "The coordinator at {where} refused: {reason}."
