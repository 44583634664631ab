"""The audit chain: it holds under concurrent writers and rollbacks, and shows whatever its owner did to it."""

import random
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, insert, select, text, update

from fedcare.db import audit
from fedcare.db.database import Database, Scope
from fedcare.db.ids import new_id
from fedcare.db.tables import CONSORTIUM, audit_heads, audit_log, institutions

ORIGIN = audit.Origin(new_id(), "192.0.2.1", "request-1")
ALL_TENANTS = select(institutions.c.id).order_by(institutions.c.id)
# Everything but what PostgreSQL takes in no text: NUL and lone surrogates.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
ODD = ["", " ", "trailing   ", "-", "0:", "1:-", "4:", "a:b", "ä", "a\u0308", "日本語", "🏥"]
ODD += ["\\x00", "'; --", "\n\t\r", "\ufeff"]


@pytest.fixture(scope="module")
def owner(shared_url):
    engine = create_engine(shared_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def database(shared_url):
    database = Database(shared_url)
    yield database
    database.close()


@pytest.fixture
def tenant(owner) -> int:
    return new_tenant(owner)


def new_tenant(owner) -> int:
    with owner.begin() as connection:
        return connection.execute(insert(institutions).values(name=str(new_id()))).inserted_primary_key.id


def write(database: Database, tenant: int, count: int) -> None:
    for number in range(count):
        with database.transaction(Scope(tenant)) as tx:
            audit.record(tx, ORIGIN, "patients.create", "patient", number)


def found(database: Database, tenant: int) -> list[int]:
    with database.transaction(Scope(tenant)) as tx:
        faults = audit.verify(tx)
    assert all(fault.tenant == tenant for fault in faults)
    return [fault.seq for fault in faults]


def changed(row, **values) -> SimpleNamespace:
    """A copy of a row with other values."""
    fields = vars(row) if isinstance(row, SimpleNamespace) else row._asdict()
    return SimpleNamespace(**(fields | values))


# -- writing ----------------------------------------------------------------------------------------------------------


def test_chains_of_concurrent_writers_hold_and_verify_at_any_moment(owner, database):
    tenants = [new_tenant(owner), new_tenant(owner)]
    writers = [threading.Thread(target=write, args=(database, tenant, 15)) for tenant in tenants for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert [found(database, tenant) for tenant in tenants] == [[], []]
    for tenant in tenants:
        with database.transaction(Scope(tenant)) as tx:
            assert tx.execute(select(audit_log.c.seq).order_by(audit_log.c.seq)).scalars().all() == list(range(1, 61))
            assert audit.verify(tx) == []


def test_a_transaction_that_is_rolled_back_leaves_no_gap(database, tenant):
    write(database, tenant, 2)
    with pytest.raises(ZeroDivisionError), database.transaction(Scope(tenant)) as tx:
        audit.record(tx, ORIGIN, "patients.create", "patient", "lost")
        raise ZeroDivisionError
    write(database, tenant, 1)
    with database.transaction(Scope(tenant)) as tx:
        rows = tx.execute(select(audit_log.c.seq, audit_log.c.subject_id).order_by(audit_log.c.seq)).all()
    assert rows == [(1, "0"), (2, "1"), (3, "0")]
    assert found(database, tenant) == []


def test_a_row_holds_who_what_which_from_where_and_how_it_ended(database, tenant):
    with database.transaction(Scope(tenant)) as tx:
        audit.record(tx, ORIGIN, "patients.read", "patient", 7, outcome="refused")
        audit.record(tx, audit.Origin(), "retention.patients")
        full, bare = tx.execute(select(audit_log).order_by(audit_log.c.seq)).all()
    assert full[3:10] == (full.at, ORIGIN.actor, "patients.read", "patient", "7", "refused", ORIGIN.source)
    assert full.request_id == ORIGIN.request_id
    assert bare[4:] == (None, "retention.patients", None, None, "ok", None, None, bare.previous_hash, bare.hash)
    assert bytes(bare.previous_hash) == bytes(full.hash)


def test_the_consortium_has_a_chain_of_its_own(owner, database, tenant):
    write(database, tenant, 1)
    write(database, CONSORTIUM, 2)
    with database.transaction(Scope(CONSORTIUM)) as tx:
        assert audit.verify(tx) == []
        assert set(tx.execute(select(audit_log.c.institution_id)).scalars()) == {None}
    with owner.connect() as connection:
        every = audit.verify_all(connection)
        assert connection.execute(ALL_TENANTS).scalars().all() == [one for one in sorted(every) if one]
    assert every[tenant] == every[CONSORTIUM] == []


def test_a_chain_without_rows_is_whole_and_one_without_a_scope_is_refused(database, tenant):
    assert found(database, tenant) == []
    with pytest.raises(ValueError, match="no scope"), database.transaction(Scope(None)) as tx:
        audit.verify(tx)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.none() | TEXTS | st.sampled_from(ODD), min_size=6, max_size=6))
def test_python_hashes_as_the_database_does(database, tenant, texts):
    action, subject_type, subject_id, outcome, source, request_id = texts
    with database.transaction(Scope(tenant)) as tx:
        origin = audit.Origin(new_id() if source else None, source, request_id)
        audit.record(tx, origin, action or "", subject_type, subject_id, outcome or "")
        row = tx.execute(select(audit_log).order_by(audit_log.c.seq.desc()).limit(1)).one()
        assert (row.action, row.subject_type, row.subject_id) == (action or "", subject_type, subject_id)
        assert (row.source, row.request_id, row.outcome) == (source, request_id, outcome or "")
    assert audit.row_hash(row) == bytes(row.hash)


def test_texts_can_not_be_shifted_from_field_to_field_without_another_hash(database, tenant):
    with database.transaction(Scope(tenant)) as tx:
        shifts = [("", None), (None, ""), ("1:a", ""), ("", "1:a"), ("a", "b"), ("ab", ""), ("-", None), (None, "-")]
        for subject in shifts:
            audit.record(tx, audit.Origin(), "x", *subject)
        rows = tx.execute(select(audit_log)).all()
    same = [changed(row, seq=1, at=rows[0].at, previous_hash=b"") for row in rows]
    assert len({audit.row_hash(row) for row in same}) == len(rows)


# -- tampering, as the owner of the tables may ------------------------------------------------------------------------

LENGTH = 6


@pytest.fixture
def chain(owner, database, tenant):
    """Runs statements as the owner on a chain of six rows; gives the rows' numbers at which faults are found."""
    write(database, tenant, LENGTH)

    def tamper(*statements) -> list[int]:
        with owner.begin() as connection:
            for statement in statements:
                connection.execute(statement)
        return found(database, tenant)

    tamper.tenant = tenant
    tamper.row = lambda seq: (audit_log.c.tenant == tenant) & (audit_log.c.seq == seq)
    assert tamper() == []
    return tamper


EDITS = {
    "at": audit_log.c.at + timedelta(microseconds=1),
    "actor": new_id(),
    "action": "patients.read",
    "subject_type": None,
    "subject_id": "",
    "outcome": "ok ",
    "source": None,
    "request_id": "request-2",
    "previous_hash": b"\0" * 32,
    "hash": b"\0" * 32,
}


def test_every_column_can_be_edited_in_the_test_below():
    covered = {*EDITS, "seq", "institution_id", "tenant"}
    assert covered == set(audit_log.columns.keys())


@pytest.mark.parametrize("seq", [1, 3, LENGTH])
@pytest.mark.parametrize("column", EDITS)
def test_an_edited_row_is_found(chain, column, seq):
    faults = chain(update(audit_log).where(chain.row(seq)).values({column: EDITS[column]}))
    assert faults
    assert faults[0] == seq
    assert set(faults) <= {seq, seq + 1}


@pytest.mark.parametrize(
    ("gone", "named"), [([1], [1]), ([3], [3]), ([LENGTH], [6]), ([2, 3], [2]), ([2, 5], [2, 5]), (range(1, 7), [1])]
)
def test_a_removed_row_is_found(chain, gone, named):
    assert chain(*[delete(audit_log).where(chain.row(seq)) for seq in gone]) == named


def test_a_row_given_to_another_institution_is_found_at_both(owner, database, chain):
    other = new_tenant(owner)
    assert chain(update(audit_log).where(chain.row(2)).values(institution_id=other)) == [2]
    assert found(database, other)


@pytest.mark.parametrize(("one", "two"), [(1, 2), (2, 3), (3, 5), (5, 6)])
def test_rows_that_changed_places_are_found(chain, one, two):
    move = [(one, 99), (two, one), (99, two)]
    faults = chain(*[update(audit_log).where(chain.row(old)).values(seq=new) for old, new in move])
    assert faults[0] == one
    assert two in faults


def test_a_gap_closed_by_renumbering_is_found(chain):
    moves = [update(audit_log).where(chain.row(seq)).values(seq=seq - 1) for seq in range(4, LENGTH + 1)]
    assert chain(delete(audit_log).where(chain.row(3)), *moves)[0] == 3


@pytest.mark.parametrize("at", [1, 3, LENGTH, LENGTH + 1])
def test_an_inserted_row_is_found_even_with_a_hash_of_its_own(owner, chain, at):
    with owner.begin() as connection:
        for seq in range(LENGTH, at - 1, -1):
            connection.execute(update(audit_log).where(chain.row(seq)).values(seq=seq + 1))
    forged = forge(owner, chain, at)
    assert chain(insert(audit_log).values(forged))[0] in {at, at + 1}


def test_a_row_before_the_first_is_found(owner, chain):
    forged = forge(owner, chain, 0)
    assert chain(insert(audit_log).values(forged)) == [0]


def test_an_edit_with_its_hash_recomputed_is_found_at_the_next_row(owner, chain):
    with owner.begin() as connection:
        connection.execute(update(audit_log).where(chain.row(3)).values(action="nothing"))
        row = connection.execute(select(audit_log).where(chain.row(3))).one()
    assert chain(update(audit_log).where(chain.row(3)).values(hash=audit.row_hash(row))) == [4]


def test_a_last_row_edited_with_its_hash_is_found_by_the_head(owner, chain):
    with owner.begin() as connection:
        connection.execute(update(audit_log).where(chain.row(LENGTH)).values(action="nothing"))
        row = connection.execute(select(audit_log).where(chain.row(LENGTH))).one()
    assert chain(update(audit_log).where(chain.row(LENGTH)).values(hash=audit.row_hash(row))) == [LENGTH]


@pytest.mark.parametrize(("values", "named"), [({"seq": 5}, 6), ({"seq": 7}, 7), ({"hash": b"\1" * 32}, 6), (None, 1)])
def test_a_head_that_does_not_fit_is_found(chain, values, named):
    head = audit_heads.c.tenant == chain.tenant
    tampering = update(audit_heads).values(values) if values else delete(audit_heads)
    assert chain(tampering.where(head)) == [named]


def forge(owner, chain, seq: int) -> dict:
    """A row that follows the one before it and whose hash is right."""
    with owner.connect() as connection:
        like = connection.execute(select(audit_log).where(audit_log.c.tenant == chain.tenant).limit(1)).one()
        before = connection.execute(select(audit_log.c.hash).where(chain.row(seq - 1))).scalar_one_or_none() or b""
    row = changed(like, seq=seq, action="forged", previous_hash=before)
    values = vars(row) | {"hash": audit.row_hash(row)}
    return {name: value for name, value in values.items() if name != "tenant"}


# -- any tampering ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def genuine(owner, database):
    """The rows of a chain of twenty and its head, read once."""
    tenant = new_tenant(owner)
    write(database, tenant, 20)
    with database.transaction(Scope(tenant)) as tx:
        rows = tx.execute(select(audit_log).order_by(audit_log.c.seq)).all()
        head = tx.execute(select(audit_heads.c.seq, audit_heads.c.hash)).one()
    return tenant, rows, (head.seq, bytes(head.hash))


def edited(row, values: random.Random):
    name = values.choice(sorted(EDITS))
    value = getattr(row, name)
    if name == "at":
        other = value + timedelta(microseconds=values.randint(1, 10**9))
    elif name == "actor":
        other = new_id()
    elif isinstance(value, bytes | memoryview):
        other = values.randbytes(32)
    else:
        other = f"{value}{values.choice(ODD[1:])}"
    edit = changed(row, **{name: other})
    return edit if values.random() < 0.5 or name == "hash" else changed(edit, hash=audit.row_hash(edit))


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 20), st.integers(1, 4))
def test_any_change_of_any_chain_is_found(genuine, values, length, changes):
    tenant, rows, head = genuine
    rows = list(rows[:length])
    head = head if length == 20 else (length, bytes(rows[-1].hash))
    rows = [changed(row) for row in rows]
    before = list(rows)
    assert list(audit.faults(tenant, rows, head)) == []
    for _ in range(changes):
        kind, at = values.choice(["edit", "remove", "swap", "insert"]), values.randrange(max(1, len(rows)))
        if not rows:
            break
        if kind == "edit":
            rows[at] = edited(rows[at], values)
        elif kind == "remove":
            del rows[at]
        elif kind == "swap":
            other = values.randrange(len(rows))
            rows[at], rows[other] = changed(rows[other], seq=rows[at].seq), changed(rows[at], seq=rows[other].seq)
        else:
            rows.insert(at, edited(rows[at], values))
            rows[at + 1 :] = [changed(row, seq=row.seq + 1) for row in rows[at + 1 :]]
    if rows != before:
        assert list(audit.faults(tenant, rows, head))


def test_the_role_may_add_rows_through_the_function_alone(database, tenant):
    # That it may not write the tables stands in test_row_level_security; here, that it needs no such right.
    with database.transaction(Scope(tenant)) as tx:
        assert tx.execute(text("select current_user")).scalar_one() == "fedcare_app"
        audit.record(tx, ORIGIN, "x")
        assert audit.verify(tx) == []
