"""An institution's privacy budget and ledger in the database: who writes holds the institution's row until the commit.

So two runs cannot both take the last of a budget, a budget is not changed while one reads it, and rows are numbered
without a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table, func, insert, select

from fedcare.db.tables import institutions, privacy_answers, privacy_budgets, privacy_ledger
from fedcare.privacy.accounting import Use
from fedcare.privacy.ledger import Account, Budget, Entry, Kind


@dataclass(frozen=True)
class Run:
    """A run as a ledger knows it: a plan under another's name is another run."""

    name: str
    plan_hash: str
    task: str

    @property
    def key(self) -> str:
        """What its entries are called."""
        return f"{self.name}/{self.plan_hash}"


def hold(tx: Connection, institution_id: int) -> None:
    """Let nobody else write to the institution's budget or ledger until the commit; its other rows stay free."""
    held = select(institutions.c.id).where(institutions.c.id == institution_id).with_for_update(key_share=True)
    tx.execute(held).one()


def budget(tx: Connection) -> Budget:
    """The institution's budget: the newest that was set, else the one that everybody starts with."""
    row = budget_row(tx)
    return Budget() if row is None else Budget(row.epsilon, row.delta, row.private_only)


def budget_row(tx: Connection) -> Row[Any] | None:
    """The newest budget with who set it and when; None where nobody has."""
    return tx.execute(select(privacy_budgets).order_by(privacy_budgets.c.seq.desc()).limit(1)).one_or_none()


def set_budget(tx: Connection, institution_id: int, new: Budget, by: UUID | None = None) -> None:
    """Set the budget from here on; what was spent stays spent."""
    hold(tx, institution_id)
    values = {"epsilon": new.epsilon, "delta": new.delta, "private_only": new.private_only, "set_by": by}
    row = values | {"institution_id": institution_id, "seq": _next(tx, privacy_budgets)}
    tx.execute(insert(privacy_budgets).values(row))


def account(tx: Connection) -> Account:
    """The whole ledger, added up."""
    rows = select(privacy_ledger).order_by(privacy_ledger.c.seq)
    return Account(Entry(f"{row.run}/{row.plan_hash}", row.kind, _uses(row.uses)) for row in tx.execute(rows))


def spent(tx: Connection, delta: float) -> float:
    """What everything in the ledger costs together at ``delta``: as it was last written down, where that was for it."""
    last = newest(tx)
    return last.epsilon if last is not None and last.delta == delta else account(tx).spent(delta)


def unbounded_runs(tx: Connection) -> int:
    """How many runs without differential privacy the institution took part in."""
    rows = select(func.count()).select_from(privacy_ledger).where(privacy_ledger.c.kind == "unbounded")
    return int(tx.execute(rows).scalar_one())


def charged_tasks(tx: Connection) -> set[str]:
    """Tasks of private runs that the institution took part in."""
    return set(tx.execute(select(privacy_ledger.c.task).where(privacy_ledger.c.kind != "unbounded")).scalars())


def settle(tx: Connection, institution_id: int, run: Row[Any]) -> float:
    """Give back what a run reserved and never began, and return what is spent then; ``run`` is a row of it."""
    return write(tx, institution_id, Run(run.run, run.plan_hash, run.task), "settled")


def write(
    tx: Connection,
    institution_id: int,
    run: Run,
    kind: Kind,
    uses: Sequence[Use] = (),
    what: str | None = None,
    round_number: int | None = None,
) -> float:
    """Add a row where the budget allows it, and return what is spent then; raises BudgetSpent."""
    hold(tx, institution_id)
    allowed = budget(tx)
    total = account(tx).admit(Entry(run.key, kind, tuple(uses)), allowed)
    row = {
        "institution_id": institution_id,
        "seq": _next(tx, privacy_ledger),
        "run": run.name,
        "plan_hash": run.plan_hash,
        "task": run.task,
        "kind": kind,
        "what": what,
        "round": round_number,
        "uses": [[use.noise_multiplier, use.sample_rate, use.steps] for use in uses],
        "epsilon": total,
        "delta": allowed.delta,
    }
    tx.execute(insert(privacy_ledger).values(row))
    return total


def answer(tx: Connection, run: Run, question: str) -> bytes | None:
    """The noisy numbers by which a run's question was answered before; None where it was not."""
    table = privacy_answers.c
    query = select(table.answer).where(
        table.run == run.name, table.plan_hash == run.plan_hash, table.question == question
    )
    return tx.execute(query).scalar_one_or_none()


def keep(tx: Connection, institution_id: int, run: Run, question: str, answer: bytes) -> None:
    """Keep noisy numbers for whoever asks the same again, in the transaction that charges them."""
    row = {"institution_id": institution_id, "run": run.name, "plan_hash": run.plan_hash, "question": question}
    tx.execute(insert(privacy_answers).values(row | {"answer": answer}))


def has_begun(tx: Connection, run: Run) -> bool:
    """Whether the ledger knows the run, and it was not settled since."""
    of_run = (privacy_ledger.c.run == run.name, privacy_ledger.c.plan_hash == run.plan_hash)
    kinds = select(privacy_ledger.c.kind).where(*of_run, privacy_ledger.c.kind != "begun")
    last = tx.execute(kinds.order_by(privacy_ledger.c.seq.desc()).limit(1)).scalar_one_or_none()
    return last in ("reserved", "unbounded")


def newest(tx: Connection) -> Row[Any] | None:
    """The last row."""
    return tx.execute(select(privacy_ledger).order_by(privacy_ledger.c.seq.desc()).limit(1)).one_or_none()


def page(tx: Connection, run: str | None, before: int | None, count: int) -> Sequence[Row[Any]]:
    """Rows, the newest first: of one run or of all, and those before a number or all."""
    query = select(privacy_ledger).order_by(privacy_ledger.c.seq.desc()).limit(count)
    if run is not None:
        query = query.where(privacy_ledger.c.run == run)
    if before is not None:
        query = query.where(privacy_ledger.c.seq < before)
    return tx.execute(query).all()


def _uses(stored: Sequence[Sequence[Any]]) -> tuple[Use, ...]:
    return tuple(Use(noise, rate, steps) for noise, rate, steps in stored)


def _next(tx: Connection, table: Table) -> int:
    return int(tx.execute(select(func.coalesce(func.max(table.c.seq), 0) + 1)).scalar_one())
