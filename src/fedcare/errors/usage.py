"""What was asked for: commands, settings, plans that cannot be."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class BadUsage(FedCareError):
    """A command line that names no command, an unknown option, or a value of the wrong kind."""

    code, status, exit_code = "bad_usage", 422, 2
    text = "{reason} See `{command} --help`."


class BadSetting(FedCareError):
    """A setting has a value that is out of range or of the wrong kind."""

    code, status, exit_code = "bad_setting", 422, 2
    text = "{setting} cannot be {value!r}: {reason}"


class UnknownSetting(FedCareError):
    """``--set`` names a key that neither the task nor the plan has."""

    code, status, exit_code = "unknown_setting", 422, 2
    text = "There is no setting {setting!r}. {hint}"


class UnknownTask(FedCareError):
    """A task name that is not registered and is not a file."""

    code, status, exit_code = "unknown_task", 404, 2
    text = "There is no task {task!r}. Known tasks: {known}. Or give the path of a TOML file that declares one."


class BadTaskFile(FedCareError):
    """A TOML file does not declare a valid task."""

    code, status, exit_code = "bad_task_file", 422, 2
    text = "The task file {path} is not valid: {reason}"


class UnknownStrategy(FedCareError):
    """A strategy name that is not registered."""

    code, status, exit_code = "unknown_strategy", 404, 2
    text = "There is no strategy {strategy!r}. Known strategies: {known}."


class BadPartition(FedCareError):
    """The records cannot be divided into institutions as asked."""

    code, status, exit_code = "bad_partition", 422, 2
    text = "The records cannot be divided by {partition!r}: {reason}"


class EngineUnavailable(FedCareError):
    """The chosen engine is not installed or cannot run this plan."""

    code, status, exit_code = "engine_unavailable", 422, 2
    text = "The engine {engine!r} cannot run this: {reason}"


class NotConfirmed(FedCareError):
    """A command that destroys something was given without ``--yes``."""

    code, status, exit_code = "not_confirmed", 409, 2
    text = "{what} Add --yes to do it."
