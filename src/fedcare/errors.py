"""The one catalogue of errors.

Every failure that a user can meet is a class here: a stable code, the HTTP status that the gateway answers with, and a
sentence that says what went wrong and what to do. The text never holds a patient's data: a value from a record may be
named only where its owner reads it on the owner's own machine (``BadRecords``, ``BadValue``).
"""

from __future__ import annotations

from typing import ClassVar


class FedCareError(Exception):
    """An expected failure with a stable code and a text that is safe to show.

    ``details`` fill the placeholders of ``text``; they are also what ``--json`` and the gateway give to programs.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    text: ClassVar[str] = "Something went wrong inside FedCare: {reason}"

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.text.format(**details))

    def to_json(self) -> dict[str, object]:
        """The one shape in which every error leaves FedCare."""
        details = {key: value if isinstance(value, int | float) else str(value) for key, value in self.details.items()}
        return {"error": {"code": self.code, "message": str(self), "details": details}}


# -- what the user asked for ------------------------------------------------------------------------------------------


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


# -- records ----------------------------------------------------------------------------------------------------------


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


# -- runs and models --------------------------------------------------------------------------------------------------


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


# -- the database -----------------------------------------------------------------------------------------------------


class NoPostgres(FedCareError):
    """No usable PostgreSQL programs were found on this machine."""

    code = "no_postgres"
    text = (
        "There is no {program} of PostgreSQL {least} or later here ({looked}). Install fedcare with its dependencies,"
        " name a folder of programs in FEDCARE_PG_BIN, or name a running server in DATABASE_URL."
    )


class PostgresFailed(FedCareError):
    """The embedded PostgreSQL could not be started."""

    code, status = "postgres_failed", 503
    text = "The database under {folder} did not start: {reason}"


class DatabaseUnreachable(FedCareError):
    """A server does not answer, or refuses this user."""

    code, status = "database_unreachable", 503
    text = "The database at {where} cannot be reached: {reason}. Check that it runs, and DATABASE_URL if you set it."


class DatabaseNotEmpty(FedCareError):
    """A backup is restored into an empty database only."""

    code, status, exit_code = "database_not_empty", 409, 2
    text = (
        "The database at {where} holds tables already ({tables}), and restoring would mix two states."
        " Restore into an empty one: another FEDCARE_HOME, or a new database in DATABASE_URL."
    )


class BackupFailed(FedCareError):
    """A backup could not be written, or not be read back."""

    code = "backup_failed"
    text = "{what} failed: {reason}"


class NotConfirmed(FedCareError):
    """A command that destroys something was given without ``--yes``."""

    code, status, exit_code = "not_confirmed", 409, 2
    text = "{what} Add --yes to do it."


class DatabaseUnavailable(FedCareError):
    """The database went away, or has no connection free, while it was needed."""

    code, status = "database_unavailable", 503
    text = "The database does not answer just now; nothing was half-written. Try again in a moment."


class DatabaseBehind(FedCareError):
    """The tables are older than this FedCare."""

    code, status = "database_behind", 503
    text = "The database has revision {current} and this FedCare needs {head}. Run `fedcare db upgrade`."


class DatabaseAhead(FedCareError):
    """The tables are newer than this FedCare."""

    code, status = "database_ahead", 503
    text = (
        "The database has revision {current}, which this FedCare does not know: its newest is {head}. A newer FedCare"
        " made it; install that version."
    )


class MigrationRefused(FedCareError):
    """The login may not change the tables."""

    code = "migration_refused"
    text = (
        "The login for {where} may not change the tables: {reason}. For `fedcare db`, name the database's owner in"
        " DATABASE_URL; docs/gateway.md says what it needs."
    )


class UnsafeDatabaseRole(FedCareError):
    """The login could get round row-level security."""

    code = "unsafe_database_role"
    text = (
        "The gateway's login is a superuser, owns tables or may make some, so institutions would not be kept apart."
        " Give the gateway a login of its own, as docs/gateway.md shows."
    )


# -- the gateway ------------------------------------------------------------------------------------------------------


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


class Unauthenticated(FedCareError):
    """No session, or one that has ended."""

    code, status = "unauthenticated", 401
    text = "Sign in first: {reason}."


class WrongLogin(FedCareError):
    """Email and password do not belong together; it does not say which of them is wrong."""

    code, status = "wrong_login", 401
    text = "Email or password is wrong."


class LockedOut(FedCareError):
    """Too many failed attempts for one email."""

    code, status = "locked_out", 429
    text = "Too many failed attempts for this email. Try again in {seconds} seconds."


class Forbidden(FedCareError):
    """The role may not do this."""

    code, status = "forbidden", 403
    text = "Your role may not do this. Ask an administrator of your institution, or of the consortium."


class BadCsrfToken(FedCareError):
    """A browser's request came without the token that only our pages know."""

    code, status = "bad_csrf_token", 403
    text = "The request lacks the token that goes with the session. Reload the page."


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


class UnknownInstitution(FedCareError):
    """No institution of that name or id."""

    code, status, exit_code = "unknown_institution", 404, 2
    text = "There is no institution {institution!r}. See `fedcare institutions list`."


class UnknownWorker(FedCareError):
    """No worker of that email, or several."""

    code, status, exit_code = "unknown_worker", 404, 2
    text = "Which worker is {email}? {hint}"


class UnsafeHost(FedCareError):
    """Passwords and patients would cross the network in the clear."""

    code, status, exit_code = "unsafe_host", 422, 2
    text = (
        "Serving on {host} without TLS would send passwords and patients in the clear. Give --tls-cert and --tls-key,"
        " or --behind-proxy where a proxy that speaks TLS stands before it."
    )


class PortTaken(FedCareError):
    """Another program listens there already."""

    code, status, exit_code = "port_taken", 409, 2
    text = "{host}:{port} cannot be listened on: {reason}. Choose another --port."


class SignOnFailed(FedCareError):
    """The provider of the single sign-on did not confirm who this is."""

    code, status = "sign_on_failed", 401
    text = "The single sign-on did not succeed: {reason}."


class NoSignOn(FedCareError):
    """This gateway has no provider of a single sign-on."""

    code, status = "no_sign_on", 404
    text = "This gateway has no single sign-on. Sign in with email and password."


class NoActiveModel(FedCareError):
    """No version of the task's model answers."""

    code, status = "no_active_model", 409
    text = "No model of {task} is active. An administrator of the consortium activates one: `fedcare models import`."


class UnusableModel(FedCareError):
    """A version of the task's model is active, but its files are missing or damaged here."""

    code, status = "unusable_model", 503
    text = "{version} is the active version of {task} and cannot answer here. {reason}"


# -- the federation ---------------------------------------------------------------------------------------------------


class ProcessFailed(FedCareError):
    """A process that belongs to this one did not start."""

    code = "process_failed"
    text = "The process {name} did not start: {reason}. See {log}"


class AlreadyRunning(FedCareError):
    """A second ``fedcare up`` on one FEDCARE_HOME."""

    code, status, exit_code = "already_running", 409, 2
    text = "`fedcare up` runs already in {home}, as process {pid}. Stop that one first, or choose another FEDCARE_HOME."


class RunFailed(FedCareError):
    """A run that somebody waited for did not complete."""

    code, status = "run_failed", 409
    text = "The run {run} ended as {status}: {reason}"


class PlanRefused(FedCareError):
    """An institution's node does not work on a plan, or not on this question of it; the others go on without it."""

    code, status = "plan_refused", 403
    text = "refused: {reason}"


class SecureSumFailed(FedCareError):
    """A sum under secure aggregation was not formed, or an institution did not let itself be added up; nothing of a
    single institution was revealed.
    """

    code, status = "secure_sum_failed", 409
    text = "No secure sum: {reason}."


class BudgetSpent(FedCareError):
    """An institution's privacy budget does not allow what a run would release of its records."""

    code, status = "budget_spent", 403
    text = (
        "The privacy budget does not allow it: epsilon would be {after:.4g} of {budget:.4g} at delta {delta:.2g}."
        " {spent:.4g} is spent and {left:.4g} is left. Ask for a smaller epsilon or fewer rounds, or the institution's"
        " administrator raises the budget."
    )


class NoNode(FedCareError):
    """No node of this institution has been enrolled on this machine, or several and none was named."""

    code, status, exit_code = "no_node", 404, 2
    text = "Which node is meant? {found}. `fedcare node enrol` makes one, --institution names one."


class BadNodeSettings(FedCareError):
    """A node's own settings cannot be read."""

    code, status, exit_code = "bad_node_settings", 422, 2
    text = "{path} is not valid: {reason}"


class UnknownPlan(FedCareError):
    """No plan, or several, whose hash begins like this."""

    code, status, exit_code = "unknown_plan", 404, 2
    text = "There is no one plan {plan!r}. See `fedcare node plans`."


class UnknownRule(FedCareError):
    """No standing rule for this task."""

    code, status, exit_code = "unknown_rule", 404, 2
    text = "There is no standing rule for {task!r}. See `fedcare node rules list`."


class UntrustedVersion(FedCareError):
    """A model version whose signature or hash is not what the coordinator vouches for."""

    code, status = "untrusted_version", 409
    text = "The model version {version} is not trusted: {reason}."


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


def catalogue() -> list[type[FedCareError]]:
    """Every error class, in the order of this file."""
    return FedCareError.__subclasses__()
