"""The database and its backups."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


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
