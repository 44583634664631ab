"""What noisy answers said, so that a node that was restarted says the same again."""

from alembic import op

from fedcare.db.migrations import policies

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """The table, which is the institution's own and only grows."""
    op.execute(_TABLE)
    policies.tenant_table("privacy_answers", "select, insert")


def downgrade() -> None:
    """Without it an answer that is asked for again is made and charged again."""
    op.execute("drop table privacy_answers")


_TABLE = """
create table privacy_answers (
    institution_id integer not null,
    tenant integer generated always as (coalesce(institution_id, 0)) stored not null,
    run varchar(100) not null,
    plan_hash varchar(64) not null,
    question varchar(64) not null,
    at timestamp with time zone not null default now(),
    answer bytea not null,
    constraint pk_privacy_answers primary key (tenant, run, plan_hash, question),
    constraint fk_privacy_answers_institution_id foreign key (institution_id) references institutions (id)
)
"""
