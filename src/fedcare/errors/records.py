"""Records and images: files, rows, values."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class MissingData(FedCareError):
    """The task needs records and none were named."""

    code, status, exit_code = "missing_data", 422, 2
    text = "The task {task!r} has no records of its own: name yours with --data."


class FileMissing(FedCareError):
    """A named file or folder does not exist."""

    code, status, exit_code = "file_missing", 404, 2
    text = "There is no file {path}. Check the path."


class UnreadableFile(FedCareError):
    """A file exists but cannot be read as what it should be."""

    code, status, exit_code = "unreadable_file", 422, 2
    text = "{path} cannot be read: {reason}"


class BadRecords(FedCareError):
    """Records were read but do not fit the task's schema."""

    code, status, exit_code = "bad_records", 422, 2
    text = "{path} does not fit the task {task!r}: {reason}"


class BadValue(FedCareError):
    """A value given for a prediction does not fit the task's schema."""

    code, status, exit_code = "bad_value", 422, 2
    text = "{field}: {reason}"


class BadImage(FedCareError):
    """An image sent for a prediction cannot be read, or is too large to be."""

    code, status, exit_code = "bad_image", 422, 2
    text = "The image cannot be used: {reason}"


class TooFewRecords(FedCareError):
    """An institution, or the whole set, has too few usable records to train on."""

    code, status, exit_code = "too_few_records", 422, 2
    text = "{who} has {found} usable records where at least {needed} are needed. {hint}"


class OneClassOnly(FedCareError):
    """An institution's training rows hold a single class, from which nothing can be told apart."""

    code, status, exit_code = "one_class_only", 422, 2
    text = "All {found} training records of {who} are of one class. Divide the records otherwise, or leave it out."
