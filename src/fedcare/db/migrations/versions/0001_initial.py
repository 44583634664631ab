"""The first tables, their policies and the audit chain."""

from pathlib import Path

from alembic import op

from fedcare.db.migrations import policies

revision = "0001"
down_revision = None

TENANT_TABLES = (
    "medical_workers",
    "invitations",
    "sessions",
    "refresh_tokens",
    "patients",
    "imaging_studies",
    "predictions",
)
CONSORTIUM_TABLES = (
    "model_versions",
    "model_traffic",
    "training_plans",
    "training_runs",
    "training_rounds",
    "training_schedules",
)
READ_BY_CONSORTIUM = ("plan_approvals", "round_metrics", "clients")
SHARED_TABLES = ("login_attempts", "ended_sessions")


def upgrade() -> None:
    """Tables, then who may do what with them."""
    op.execute(_sql("0001_tables.sql"))
    op.execute(_sql("0001_audit.sql"))
    policies.create_application_role()
    for name in (*TENANT_TABLES, "idempotency_keys"):
        policies.tenant_table(name)
    for name in READ_BY_CONSORTIUM:
        policies.tenant_table(name, consortium_reads=True)
    policies.tenant_table("privacy_ledger", "select, insert", consortium_reads=True)
    for name in CONSORTIUM_TABLES:
        policies.consortium_table(name)
    policies.institutions_table()
    policies.login_by_email()
    policies.shared_tables(SHARED_TABLES)
    policies.tenant_table("audit_log", "select")
    policies.tenant_table("audit_heads", "select")
    op.execute(f"grant execute on function append_audit to {policies.APPLICATION}")
    op.execute(f"grant select on alembic_version to {policies.APPLICATION}")


def downgrade() -> None:
    """Everything goes but the role, which belongs to the server: another database may need it."""
    op.execute("drop function append_audit")
    policies.release_application_role()
    others = ("idempotency_keys", "privacy_ledger", "audit_log", "audit_heads", "institutions")
    tables = (*TENANT_TABLES, *READ_BY_CONSORTIUM, *CONSORTIUM_TABLES, *SHARED_TABLES, *others)
    op.execute(f"drop table {', '.join(tables)} cascade")


def _sql(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8").replace(":", r"\:")
