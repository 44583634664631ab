"""Runs and their folders."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class TooFewInstitutions(FedCareError):
    """Federated learning needs at least two institutions."""

    code, status, exit_code = "too_few_institutions", 422, 2
    text = "At least {needed} institutions are needed; found: {found}. {hint}"


class QuorumLost(FedCareError):
    """Too few usable answers came back in a round."""

    code, status = "quorum_lost", 409
    text = "Round {round}: {usable} usable answers where the plan asks for {needed}. {reasons}"


class NothingAccepted(FedCareError):
    """The institutions accepted no round of a run, so that there is nothing to make a model version of."""

    code, status = "nothing_accepted", 409
    text = (
        "All {rounds} rounds were rolled back; of the last one, {reason}. See who was dropped and whose figures fell,"
        " leave that institution out, or raise defence.acceptance."
    )


class BadUpdate(FedCareError):
    """An update does not fit the model it claims to change."""

    code, status = "bad_update", 422
    text = "The update of {institution} was dropped: {reason}"


class RunFailed(FedCareError):
    """A run that somebody waited for did not complete."""

    code, status = "run_failed", 409
    text = "The run {run} ended as {status}: {reason}"


class PlanChanged(FedCareError):
    """A run cannot be resumed with another plan or other records than it was started with."""

    code, status, exit_code = "plan_changed", 409, 2
    text = "{out} holds a run of another plan ({difference}). Use the settings it began with, or choose another --out."


class NothingToResume(FedCareError):
    """``--resume`` was given for a folder without a checkpoint."""

    code, status, exit_code = "nothing_to_resume", 404, 2
    text = "{out} holds no run to resume. Leave --resume out to start one."


class RunExists(FedCareError):
    """The output folder already holds a run."""

    code, status, exit_code = "run_exists", 409, 2
    text = "{out} already holds a run. Add --resume to go on with it, or choose another --out."


class UnknownRun(FedCareError):
    """No run of that name."""

    code, status, exit_code = "unknown_run", 404, 2
    text = "There is no run {run!r} under {root}. See `fedcare runs list`."


class NothingToAudit(FedCareError):
    """A run cannot be attacked here: its records lie elsewhere or are others now, or it has not come to its end."""

    code, status, exit_code = "nothing_to_audit", 422, 2
    text = "{run} cannot be audited here: {reason}"


class BadOutput(FedCareError):
    """The folder for results cannot be made."""

    code, status, exit_code = "bad_output", 422, 2
    text = "Results cannot be kept in {out}: {reason}. Choose another folder with --out."


class StorageFull(FedCareError):
    """The disk refused a write; what was stored before is kept."""

    code, status = "storage_full", 507
    text = (
        "{path} could not be written: {reason}. Nothing stored before was lost; free some space and try again"
        " (a run goes on with --resume)."
    )


class Interrupted(FedCareError):
    """The user stopped a run."""

    code, status, exit_code = "interrupted", 499, 130
    text = "Stopped after round {round}. Go on with: {command}"
