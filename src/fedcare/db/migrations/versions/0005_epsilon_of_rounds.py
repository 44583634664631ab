"""What a private run has cost an institution's patients after each round."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The column; rounds of before say nothing of it."""
    op.execute("alter table round_metrics add column epsilon double precision")


def downgrade() -> None:
    """The ledgers of the institutions hold it still."""
    op.execute("alter table round_metrics drop column epsilon")
