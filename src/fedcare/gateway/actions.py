"""What the audit log calls each operation, so that a refusal stands under the name that the deed itself would have.

The names are those that the services write. A route that records nothing where it succeeds has one here too: that it
was refused is recorded all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

# An id as our addresses have them: numbers, UUIDs, hashes, names of tasks. Nothing else is put into the log.
_ID = re.compile(r"[A-Za-z0-9-]{1,100}")


@dataclass(frozen=True)
class Action:
    """An action's name, the kind of its subject, and the parameter of the address that names the subject."""

    name: str
    subject_type: str | None = None
    parameter: str | None = None

    def subject_id(self, request: Request) -> str | None:
        """Which subject the request names, where it is named in the address, and by something that can be an id."""
        if self.parameter is None:
            return None
        named = request.path_params.get(self.parameter) or request.query_params.get(self.parameter)
        return None if named is None else _as_logged(str(named))


def _as_logged(text: str) -> str | None:
    """An id as the deed would have written it: a UUID has one spelling there."""
    try:
        return str(UUID(text))
    except ValueError:
        return text if _ID.fullmatch(text) else None


def _patient(name: str) -> Action:
    return Action(name, "patient", "patient_id")


def _version(name: str) -> Action:
    return Action(name, "model_version", "version_id")


def _worker(name: str) -> Action:
    return Action(name, "worker", "worker_id")


def _institution(name: str) -> Action:
    return Action(name, "institution", "institution_id")


def _run(name: str) -> Action:
    return Action(name, "run", "run_id")


def _schedule(name: str) -> Action:
    return Action(name, "schedule", "schedule_id")


def _plan(name: str) -> Action:
    return Action(name, "plan", "plan_hash")


def _rule(name: str) -> Action:
    return Action(name, "standing_rule", "task")


ACTIONS: dict[str, Action] = {
    "logout": Action("auth.logout", "session"),
    "getMe": Action("auth.me", "worker"),
    "changePassword": Action("auth.change_password", "worker"),
    "listPatients": Action("patients.list", "patients"),
    "createPatient": Action("patients.create", "patient"),
    "getPatient": _patient("patients.read"),
    "updatePatient": _patient("patients.update"),
    "deletePatient": _patient("patients.delete"),
    "importPatients": Action("patients.import", "patients"),
    "exportPatients": Action("patients.export", "patients"),
    "exportPatient": _patient("patients.export_one"),
    "erasePatient": _patient("patients.erase"),
    "predict": Action("predictions.create", "prediction"),
    "predictBatch": Action("predictions.create_batch", "predictions"),
    "predictImage": Action("predictions.create", "prediction"),
    "viewImage": Action("predictions.view_image", "prediction"),
    "listPredictions": _patient("predictions.list"),
    "recordOutcome": Action("predictions.outcome", "prediction", "prediction_id"),
    "getModelStatus": Action("models.status", "model_version"),
    "getModelForm": Action("models.form", "models"),
    "getModelMetrics": Action("models.metrics", "model_version"),
    "listModels": Action("models.list", "model_version"),
    "getModel": _version("models.read"),
    "getModelCard": _version("models.card"),
    "getModelArtifact": _version("models.download"),
    "activateModel": _version("models.activate"),
    "rollBackModel": Action("models.rollback", "model_version"),
    "shareTraffic": Action("models.share", "model_version"),
    "stopSharingTraffic": Action("models.stop_sharing", "model_version"),
    "compareModels": Action("models.compare", "model_version"),
    "listInstitutions": Action("institutions.list", "institution"),
    "createInstitution": Action("institutions.create", "institution"),
    "updateInstitution": _institution("institutions.update"),
    "deleteInstitution": _institution("institutions.delete"),
    "listWorkers": Action("workers.list", "worker"),
    "createWorker": Action("workers.create", "worker"),
    "inviteWorker": _worker("workers.invite"),
    "updateWorker": _worker("workers.update"),
    "deleteWorker": _worker("workers.delete"),
    "requestRun": Action("runs.request", "run"),
    "listRuns": Action("runs.list", "run"),
    "listTasks": Action("training.tasks", "tasks"),
    "getRun": _run("runs.read"),
    "stopRun": _run("runs.stop"),
    "watchRun": _run("runs.watch"),
    "getCurrentRound": Action("rounds.current", "run"),
    "getLatestMetrics": Action("rounds.latest", "run"),
    "listMetrics": _run("rounds.list"),
    "listClients": Action("nodes.list", "node"),
    "listSchedules": Action("schedules.list", "schedule"),
    "createSchedule": Action("schedules.create", "schedule"),
    "getSchedule": _schedule("schedules.read"),
    "updateSchedule": _schedule("schedules.update"),
    "deleteSchedule": _schedule("schedules.delete"),
    "listPlans": Action("plans.list", "plan"),
    "proposePlan": Action("plans.propose", "plan"),
    "getPlan": _plan("plans.read"),
    "approvePlan": _plan("plans.approve"),
    "refusePlan": _plan("plans.refuse"),
    "listRules": Action("rules.list", "standing_rule"),
    "setRule": _rule("rules.set"),
    "deleteRule": _rule("rules.remove"),
    "listEgress": Action("egress.list", "egress"),
    "getBudget": Action("privacy.budget", "privacy_budget"),
    "setBudget": Action("privacy.set_budget", "privacy_budget"),
    "listCharges": Action("privacy.ledger", "privacy_ledger"),
    "forecastPlan": _plan("privacy.forecast"),
    "listAudit": Action("audit.read", "audit_log"),
    "verifyAudit": Action("audit.verify", "audit_log"),
}
