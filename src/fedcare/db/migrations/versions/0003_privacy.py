"""The institutions' privacy budgets, and a ledger that says what each release was."""

from pathlib import Path

from alembic import op

from fedcare.db.migrations import policies

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Tables, then who may do what with them: budget and ledger are the institution's own, not the consortium's."""
    op.execute((Path(__file__).parent / "0003_privacy.sql").read_text(encoding="utf-8").replace(":", r"\:"))
    policies.tenant_table("privacy_budgets", "select, insert")
    policies.tenant_table("privacy_ledger", "select, insert")


def downgrade() -> None:
    """Back to a ledger that nothing wrote to; what was charged goes."""
    op.execute("drop table privacy_ledger, privacy_budgets")
    op.execute(_BEFORE)
    policies.tenant_table("privacy_ledger", "select, insert", consortium_reads=True)


_BEFORE = r"""
create table privacy_ledger (
    institution_id integer not null,
    tenant integer generated always as (coalesce(institution_id, 0)) stored not null,
    id uuid not null,
    task varchar(100) not null,
    run_id uuid,
    epsilon double precision not null,
    delta double precision not null,
    mechanism jsonb not null default '{}'\:\:jsonb,
    created_at timestamp with time zone not null default now(),
    constraint pk_privacy_ledger primary key (tenant, id),
    constraint ck_privacy_ledger_cost check (epsilon >= 0 and delta between 0 and 1),
    constraint fk_privacy_ledger_institution_id foreign key (institution_id) references institutions (id)
)
"""
