"""Model versions."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class UnknownModel(FedCareError):
    """No model version at that place."""

    code, status, exit_code = "unknown_model", 404, 2
    text = "There is no model version at {path}. See `fedcare models list`."


class CorruptModel(FedCareError):
    """A model version's files do not match the hashes in its manifest."""

    code, status = "corrupt_model", 409
    text = (
        "The model version at {path} is damaged: {reason}. Copy or import it again from where it was made or from a"
        " backup, or train it anew."
    )


class MissingModel(FedCareError):
    """The gateway knows of a model version whose files are not on this machine."""

    code, status = "missing_model", 409
    text = (
        "The files of {version} are missing on this machine. Copy models/{version} back into FEDCARE_HOME from a backup"
        " of it, or import the version again: `fedcare models import DIR`."
    )


class UntrustedVersion(FedCareError):
    """A model version whose signature or hash is not what the coordinator vouches for."""

    code, status = "untrusted_version", 409
    text = "The model version {version} is not trusted: {reason}."


class NoActiveModel(FedCareError):
    """No version of the task's model answers."""

    code, status = "no_active_model", 409
    text = "No model of {task} is active. An administrator of the consortium activates one: `fedcare models import`."


class UnusableModel(FedCareError):
    """A version of the task's model is active, but its files are missing or damaged here."""

    code, status = "unusable_model", 503
    text = "{version} is the active version of {task} and cannot answer here. {reason}"
