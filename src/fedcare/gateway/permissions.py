"""Who may do what: one table, by the operation ids of the OpenAPI document.

A route that is missing here is refused to everybody, and a test fails.
"""

from __future__ import annotations

from fedcare.gateway.caller import Role

NURSE, DOCTOR, ADMIN, CONSORTIUM = Role.NURSE, Role.DOCTOR, Role.ADMIN, Role.CONSORTIUM

CLINICIANS = frozenset({NURSE, DOCTOR, ADMIN})
DOCTORS = frozenset({DOCTOR, ADMIN})
ADMINS = frozenset({ADMIN})
CONSORTIUM_ADMINS = frozenset({CONSORTIUM})
ANY_ADMIN = frozenset({ADMIN, CONSORTIUM})
SIGNED_IN = frozenset(Role)

# Without a session, for the coordinator's own processes: ``internal.token`` asks for the token that they share.
SERVICE = frozenset(
    {"reportRun", "reportRound", "reportMetrics", "reportClients", "reportEvent", "reportVersion"},
)

# Without a session: whoever can reach the gateway, or, of ``SERVICE``, holds that token.
PUBLIC = SERVICE | frozenset(
    {
        "login",
        "refreshSession",
        "acceptInvitation",
        "startOidc",
        "finishOidc",
        "getHealth",
        "getReadiness",
        "getMeasurements",
    }
)

PERMISSIONS: dict[str, frozenset[Role]] = {
    "logout": SIGNED_IN,
    "getMe": SIGNED_IN,
    "changePassword": SIGNED_IN,
    "listPatients": CLINICIANS,
    "createPatient": CLINICIANS,
    "getPatient": CLINICIANS,
    "updatePatient": CLINICIANS,
    "deletePatient": DOCTORS,
    "importPatients": CLINICIANS,
    "exportPatients": DOCTORS,
    "exportPatient": DOCTORS,
    "erasePatient": DOCTORS,
    "predict": CLINICIANS,
    "predictBatch": CLINICIANS,
    "predictImage": CLINICIANS,
    "viewImage": CLINICIANS,
    "listPredictions": CLINICIANS,
    "recordOutcome": CLINICIANS,
    "getModelStatus": SIGNED_IN,
    "getModelForm": SIGNED_IN,
    "getModelMetrics": SIGNED_IN,
    "listModels": SIGNED_IN,
    "getModel": SIGNED_IN,
    "getModelCard": SIGNED_IN,
    "getModelArtifact": ANY_ADMIN,
    "activateModel": CONSORTIUM_ADMINS,
    "rollBackModel": CONSORTIUM_ADMINS,
    "shareTraffic": CONSORTIUM_ADMINS,
    "stopSharingTraffic": CONSORTIUM_ADMINS,
    "compareModels": ANY_ADMIN,
    "listInstitutions": SIGNED_IN,
    "createInstitution": CONSORTIUM_ADMINS,
    "updateInstitution": ANY_ADMIN,
    "deleteInstitution": CONSORTIUM_ADMINS,
    "listWorkers": ANY_ADMIN,
    "createWorker": ANY_ADMIN,
    "inviteWorker": ANY_ADMIN,
    "updateWorker": ANY_ADMIN,
    "deleteWorker": ANY_ADMIN,
    "requestRun": CONSORTIUM_ADMINS,
    "listTasks": SIGNED_IN,
    "listRuns": SIGNED_IN,
    "getRun": SIGNED_IN,
    "stopRun": CONSORTIUM_ADMINS,
    "watchRun": SIGNED_IN,
    "getCurrentRound": SIGNED_IN,
    "getLatestMetrics": SIGNED_IN,
    "listMetrics": SIGNED_IN,
    "listClients": ANY_ADMIN,
    "listSchedules": CONSORTIUM_ADMINS,
    "createSchedule": CONSORTIUM_ADMINS,
    "getSchedule": CONSORTIUM_ADMINS,
    "updateSchedule": CONSORTIUM_ADMINS,
    "deleteSchedule": CONSORTIUM_ADMINS,
    "listPlans": ANY_ADMIN,
    "proposePlan": CONSORTIUM_ADMINS,
    "getPlan": ANY_ADMIN,
    "approvePlan": ADMINS,
    "refusePlan": ADMINS,
    "listRules": ADMINS,
    "setRule": ADMINS,
    "deleteRule": ADMINS,
    "listEgress": ADMINS,
    "getBudget": ADMINS,
    "setBudget": ADMINS,
    "listCharges": ADMINS,
    "forecastPlan": ADMINS,
    "listAudit": ANY_ADMIN,
    "verifyAudit": ANY_ADMIN,
}
