"""What the application may see and do, for migrations to say in one line a table."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op

APPLICATION = "fedcare_app"
"""The role that gateways and nodes act as: neither owner nor superuser, so that every policy binds it."""

# From PostgreSQL 16 on, who makes a role may not act as it without the grant.
_CREATE_ROLE = f"""
do $$ begin
    if to_regrole('{APPLICATION}') is null then
        create role {APPLICATION} nologin;
        grant {APPLICATION} to current_user;
    end if;
exception when duplicate_object or unique_violation then null;
end $$
"""

# A sub-select is evaluated once a query; a bare call would be once a row, 2.5 times slower on deep pages.
SCOPE = "(select nullif(current_setting('app.institution_id', true), '')::int)"
EMAIL = "(select nullif(current_setting('app.email', true), ''))"


def create_application_role() -> None:
    """The role is the server's, not the database's: another database may have made it, even at this moment."""
    op.execute(_CREATE_ROLE)
    op.execute(f"grant usage on schema public to {APPLICATION}")


def release_application_role() -> None:
    """Take back what the role may do in this database beside its tables."""
    op.execute(f"revoke usage on schema public from {APPLICATION}")
    op.execute(f"revoke all on table alembic_version from {APPLICATION}")


def tenant_table(name: str, rights: str = "select, insert, update, delete", *, consortium_reads: bool = False) -> None:
    """Rows of the transaction's own institution only; the consortium may read them where that is said."""
    _protect(name, rights)
    _policy(name, "own_institution", "all", f"tenant = {SCOPE}", f"tenant = {SCOPE}")
    if consortium_reads:
        _policy(name, "consortium_reads", "select", f"{SCOPE} = 0")


def consortium_table(name: str) -> None:
    """Everybody reads, the consortium writes."""
    _protect(name, "select, insert, update, delete")
    _policy(name, "everybody_reads", "select", "true")
    _policy(name, "consortium_writes", "all", f"{SCOPE} = 0", f"{SCOPE} = 0")


def institutions_table() -> None:
    """Everybody knows who takes part; an institution changes its own row, the consortium all."""
    consortium_table("institutions")
    _policy("institutions", "own_row", "update", f"id = {SCOPE}", f"id = {SCOPE}")


def anybody_adds(name: str) -> None:
    """Rows that are named by the hash of what they say may come from any institution; the consortium alone changes."""
    _policy(name, "anybody_adds", "insert", None, f"{SCOPE} is not null")


def withdraw(table: str, policy: str) -> None:
    """Take a policy back."""
    op.execute(f"drop policy {policy} on {table}")


def job_queue() -> None:
    """The application puts jobs into the queue and works on them; they name runs, and nothing of any institution."""
    tables = ("procrastinate_workers", "procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_events")
    op.execute(f"grant select, insert, update, delete on {', '.join(tables)} to {APPLICATION}")
    counters = (f"{table}_id_seq" for table in tables[1:])
    op.execute(f"grant usage on sequence {', '.join(counters)} to {APPLICATION}")


def login_by_email() -> None:
    """Whoever signs in has no institution yet: a transaction that names an email reads the workers of that email."""
    _policy("medical_workers", "login", "select", f"email = {EMAIL}")


def shared_tables(names: Iterable[str]) -> None:
    """Tables that hold nothing of any institution."""
    for name in names:
        op.execute(f"grant select, insert, delete on {name} to {APPLICATION}")


def _protect(table: str, rights: str) -> None:
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"grant {rights} on {table} to {APPLICATION}")


def _policy(table: str, name: str, command: str, using: str | None, check: str | None = None) -> None:
    seen = f" using ({using})" if using else ""
    checked = f" with check ({check})" if check else ""
    op.execute(f"create policy {name} on {table} for {command}{seen}{checked}")
