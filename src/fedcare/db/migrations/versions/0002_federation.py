"""What the federation keeps: who may run what, what left, how runs went; and the queue of its jobs."""

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

from fedcare.db.migrations import policies

revision = "0002"
down_revision = "0001"

COLUMNS = {
    "training_plans": ("canonical",),
    "plan_approvals": ("decided_how",),
    "training_runs": (
        *("task", "rounds", "cause", "schedule_id", "attempts", "stop_requested", "version", "decision"),
        "started_at",
    ),
    "training_schedules": ("created_by", "last_started_at", "last_records"),
    "training_rounds": ("seconds", "bytes_sent", "bytes_received", "late_answers", "dropped"),
    "clients": ("software", "certificate_expires_at"),
    "model_versions": ("signature", "decision"),
}
CONSTRAINTS = {
    "training_plans": ("ck_training_plans_plan",),
    "training_schedules": ("ck_training_schedules_budget",),
}
INDEXES = ("ix_training_runs_open",)


def upgrade() -> None:
    """Tables, then who may do what with them."""
    op.execute(_escaped((Path(__file__).parent / "0002_federation.sql").read_text(encoding="utf-8")))
    policies.tenant_table("standing_rules")
    policies.tenant_table("egress_log", "select, insert")
    policies.consortium_table("run_events")
    policies.anybody_adds("training_plans")
    op.execute(_escaped(SchemaManager.get_schema()))
    policies.job_queue()


def downgrade() -> None:
    """Back to a gateway without a federation; what it kept goes."""
    policies.withdraw("training_plans", "anybody_adds")
    op.execute("drop table standing_rules, egress_log, run_events")
    for index in INDEXES:
        op.execute(f"drop index {index}")
    for table, constraints in CONSTRAINTS.items():
        for constraint in constraints:
            op.execute(f"alter table {table} drop constraint {constraint}")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.execute(f"alter table {table} drop column {column}")
    op.execute(
        "alter table round_metrics alter column bytes_sent type integer, alter column bytes_received type integer"
    )
    op.execute(_DROP_QUEUE)


# The queue's functions and types, whichever this version of it has.
_DROP_QUEUE = r"""
do $$ declare thing record; begin
    drop table procrastinate_workers, procrastinate_jobs, procrastinate_periodic_defers, procrastinate_events cascade;
    for thing in select oid\:\:regprocedure as name from pg_proc where proname like 'procrastinate\_%' loop
        execute format('drop function %s cascade', thing.name);
    end loop;
    for thing in
        select typname as name from pg_type where typname like 'procrastinate\_%' and typtype in ('e', 'c')
    loop
        execute format('drop type if exists %I cascade', thing.name);
    end loop;
end $$
"""


def _escaped(sql: str) -> str:
    return sql.replace(":", r"\:")
