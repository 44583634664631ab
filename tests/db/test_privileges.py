"""What the catalogue says of the application's role and of every table that belongs to an institution."""

import pytest
from sqlalchemy import create_engine, text

from fedcare.db.migrations.policies import APPLICATION
from fedcare.db.tables import metadata

# A table of an institution and what is wrong with it, for each thing that is. A policy that does not look at the
# transaction's scope protects nothing.
UNPROTECTED = text(
    """
    with tables as (
        select c.oid, c.oid::regclass::text as name, relrowsecurity, relforcerowsecurity from pg_class as c
        where relkind in ('r', 'p')
        and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        and exists (
            select from pg_attribute where attrelid = c.oid and attname in ('institution_id', 'tenant')
            and not attisdropped
        )
    ), commands (command, letter) as (values ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd'))
    select name, 'is not enabled' from tables where not relrowsecurity
    union all select name, 'is not forced' from tables where not relforcerowsecurity
    union all select name, 'has no policy for ' || command from tables, commands
    where has_table_privilege(:role, tables.oid, command) and not exists (
        select from pg_policy where polrelid = tables.oid and polpermissive and polcmd in ('*', letter::"char")
    )
    union all select name, 'has a policy that lets all through: ' || polname from tables
    join pg_policy on polrelid = tables.oid,
    lateral unnest(array[pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)]) as expression
    where polpermissive and expression not like '%current_setting(''app.%'
    order by 1, 2
    """
)
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
READ, KEPT, QUEUE, ALL = "SELECT", "SELECT INSERT", "SELECT INSERT DELETE", "SELECT INSERT UPDATE DELETE"
GRANTS = dict.fromkeys(metadata.tables, ALL) | {
    "audit_log": READ,
    "audit_heads": READ,
    "alembic_version": READ,
    "privacy_ledger": KEPT,
    "privacy_budgets": KEPT,
    "privacy_answers": KEPT,
    "login_attempts": QUEUE,
    "ended_sessions": QUEUE,
    "egress_log": KEPT,
    **dict.fromkeys((f"procrastinate_{name}" for name in ("workers", "jobs", "periodic_defers", "events")), ALL),
}
# The queue numbers its rows by sequences of their own; FedCare's tables by identities, which need no grant.
COUNTED = {f"procrastinate_{name}_id_seq" for name in ("jobs", "periodic_defers", "events")}


@pytest.fixture
def owner(shared_url):
    """The owner's connection; what a test makes is rolled back."""
    engine = create_engine(shared_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def unprotected(connection) -> list[tuple[str, str]]:
    return [tuple(row) for row in connection.execute(UNPROTECTED, {"role": APPLICATION})]


def test_every_table_of_an_institution_is_protected_for_every_command_the_role_may_do(owner):
    assert unprotected(owner) == []


@pytest.mark.parametrize(
    ("protection", "faults"),
    [
        ("select", ["has no policy for SELECT", "is not enabled", "is not forced"]),
        ("alter table {t} enable row level security; create policy p on {t} using ({s})", ["is not forced"]),
        ("alter table {t} force row level security; create policy p on {t} using ({s})", ["is not enabled"]),
        ("{on}", ["has no policy for SELECT"]),
        ("{on}; create policy p on {t} for select using (true)", ["has a policy that lets all through: p"]),
        (
            "{on}; grant update, delete on {t} to fedcare_app; create policy p on {t} for select using ({s})",
            ["has no policy for DELETE", "has no policy for UPDATE"],
        ),
        (
            "{on}; grant insert on {t} to fedcare_app; create policy p on {t} using ({s}) with check (true)",
            ["has a policy that lets all through: p"],
        ),
        ("{on}; create policy p on {t} using ({s})", []),
    ],
)
@pytest.mark.parametrize("column", ["institution_id", "tenant"])
def test_a_table_without_protection_is_named(owner, column, protection, faults):
    scope = f"{column} = current_setting('app.institution_id')::int"
    on = "alter table {t} enable row level security; alter table {t} force row level security"
    owner.execute(text(f"create table forgotten ({column} int)"))
    owner.execute(text(f"grant select on forgotten to {APPLICATION}"))
    owner.exec_driver_sql(protection.replace("{on}", on).format(t="forgotten", s=scope))
    assert unprotected(owner) == [("forgotten", fault) for fault in faults]


def test_the_role_is_bound_by_policies_and_owns_nothing(owner):
    flags = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin"
    assert not any(owner.execute(text(f"select {flags} from pg_roles where rolname = '{APPLICATION}'")).one())
    groups = "select roleid::regrole::text from pg_auth_members where member = to_regrole(:role)"
    assert owner.execute(text(groups), {"role": APPLICATION}).all() == []
    owned = """
        select classid::regclass::text, objid from pg_shdepend where refobjid = to_regrole(:role) and deptype = 'o'
    """
    assert owner.execute(text(owned), {"role": APPLICATION}).all() == []


def test_the_role_may_do_no_more_than_it_has_to(owner):
    tables = owner.execute(
        text("select relname, oid from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace")
    )
    granted = {
        name: " ".join(right for right in RIGHTS if _has(owner, "table", oid, right)) for name, oid in tables.all()
    }
    assert granted == GRANTS
    sequences = owner.execute(text("select relname, oid from pg_class where relkind = 'S'")).all()
    assert {name for name, oid in sequences if _has(owner, "sequence", oid, "USAGE")} == COUNTED
    assert not [name for name, oid in sequences if _has(owner, "sequence", oid, "UPDATE")]
    assert not owner.execute(text(f"select has_schema_privilege('{APPLICATION}', 'public', 'create')")).scalar_one()


def _has(connection, kind: str, oid: int, right: str) -> bool:
    call = text(f"select has_{kind}_privilege(:role, cast(:oid as oid), :right)")
    return connection.execute(call, {"role": APPLICATION, "oid": oid, "right": right}).scalar_one()


def test_nothing_stands_beside_the_tables_that_reads_with_other_rights(owner):
    views = "select relname from pg_class where relkind in ('v', 'm', 'f') and relnamespace = 'public'::regnamespace"
    assert owner.execute(text(views)).all() == []
    functions = """
        select proname, prosecdef, proleakproof, array_to_string(proconfig, ';'),
            has_function_privilege('public', oid, 'execute')
        from pg_proc where pronamespace = 'public'::regnamespace and (prosecdef or proname not like 'procrastinate\\_%')
    """
    assert owner.execute(text(functions)).all() == [
        ("append_audit", True, False, "search_path=pg_catalog, public, pg_temp", False)
    ]
