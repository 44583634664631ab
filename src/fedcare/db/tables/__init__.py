"""The tables, one file a domain. The migrations make them; a test compares both.

A tenant table has ``institution_id``, and ``tenant``, which is the same or 0 where the consortium itself is meant: the
one column that every policy of row-level security looks at, and the first of every key, so that neither a unique nor a
foreign key can tell one institution about another's rows.
"""

from fedcare.db.tables.accounts import (
    ended_sessions,
    institutions,
    invitations,
    login_attempts,
    medical_workers,
    refresh_tokens,
    sessions,
)
from fedcare.db.tables.audit import audit_heads, audit_log
from fedcare.db.tables.base import CONSORTIUM, metadata
from fedcare.db.tables.care import idempotency_keys, imaging_studies, patients, predictions
from fedcare.db.tables.models import model_traffic, model_versions
from fedcare.db.tables.privacy import privacy_answers, privacy_budgets, privacy_ledger
from fedcare.db.tables.training import (
    clients,
    egress_log,
    plan_approvals,
    round_metrics,
    run_events,
    standing_rules,
    training_plans,
    training_rounds,
    training_runs,
    training_schedules,
)

__all__ = [
    "CONSORTIUM",
    "audit_heads",
    "audit_log",
    "clients",
    "egress_log",
    "ended_sessions",
    "idempotency_keys",
    "imaging_studies",
    "institutions",
    "invitations",
    "login_attempts",
    "medical_workers",
    "metadata",
    "model_traffic",
    "model_versions",
    "patients",
    "plan_approvals",
    "predictions",
    "privacy_answers",
    "privacy_budgets",
    "privacy_ledger",
    "refresh_tokens",
    "round_metrics",
    "run_events",
    "sessions",
    "standing_rules",
    "training_plans",
    "training_rounds",
    "training_runs",
    "training_schedules",
]
