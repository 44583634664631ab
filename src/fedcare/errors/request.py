"""Requests to the gateway."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class BadRequest(FedCareError):
    """The request is not HTTP or JSON that can be read."""

    code, status = "bad_request", 400
    text = "The request cannot be understood: {reason}."


class MethodNotAllowed(FedCareError):
    """The address exists, the method does not."""

    code, status = "method_not_allowed", 405
    text = "This address does not take this method; the Allow header names those that it takes."


class InternalError(FedCareError):
    """Something unexpected happened; nothing was half-written."""

    code, status = "internal_error", 500
    text = "Something went wrong in the gateway. Nothing was half-written; tell your administrator the request's id."


class NotFound(FedCareError):
    """No such record, or none that this institution may know of."""

    code, status = "not_found", 404
    text = "There is no {what} with this id."


class UnknownAddress(FedCareError):
    """Nothing answers at this address."""

    code, status = "unknown_address", 404
    text = "There is no address {address} here. GET /api/openapi.json lists those that there are."


class Conflict(FedCareError):
    """The request contradicts what is stored."""

    code, status = "conflict", 409
    text = "{reason}"


class LostUpdate(FedCareError):
    """The record was changed by somebody else since it was read."""

    code, status = "lost_update", 412
    text = "Somebody else changed this record since you read it. Read it again, then repeat your change."


class RevisionRequired(FedCareError):
    """A change must say which state of the record it starts from."""

    code, status = "revision_required", 428
    text = "Say which state you change: send the record's ETag in If-Match."


class InvalidRequest(FedCareError):
    """A field of the request is missing or out of range; ``fields`` names each and what is wrong."""

    code, status = "invalid_request", 422
    text = "The request is not valid: {summary}"

    def __init__(self, fields: list[dict[str, str]]) -> None:
        self.fields = fields
        named = "; ".join(f"{each['field']}: {each['problem']}" for each in fields[:5])
        super().__init__(summary=named or "it cannot be read")

    def to_json(self) -> dict[str, object]:
        """With every field, not only those that the sentence names."""
        error = super().to_json()["error"]
        assert isinstance(error, dict)
        return {"error": error | {"details": {"fields": self.fields}}}


class ImportRefused(FedCareError):
    """A file was not imported because of its rows; the details are the report, which names each bad one."""

    code, status = "import_refused", 422
    text = "Nothing was imported: {refused} of {rows} rows cannot be taken. Correct them, or import the good rows only."

    def to_json(self) -> dict[str, object]:
        """With the whole report, whose values are JSON already."""
        return {"error": {"code": self.code, "message": str(self), "details": self.details}}


class TooLarge(FedCareError):
    """The request's body is larger than this route takes."""

    code, status = "too_large", 413
    text = "The request is larger than {limit} bytes."


class UnsupportedMedia(FedCareError):
    """The request's body is not of a type that this route takes."""

    code, status = "unsupported_media", 415
    text = "This route takes {expected}."
